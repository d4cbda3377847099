import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings, UserSettings } from "../config/settings.ts";
import { Secret } from "../core/secret.ts";

/**
 * Who may sign in. With no users in the settings there is one operator, `admin`, whose password is made once and kept in
 * `<dataDir>/admin-password` (0600): the board is never open, and a first start needs no preparation.
 */
export const usersOf = (
  settings: Pick<Settings, "users" | "dataDir">,
): { readonly users: readonly UserSettings[]; readonly line: string } => {
  if (settings.users.length > 0)
    return { users: settings.users, line: `sign-in: ${settings.users.length} users of the settings` };
  const path = join(settings.dataDir, "admin-password");
  try {
    // "wx": of two processes that start at once, one writes and the other reads.
    writeFileSync(path, `${randomBytes(15).toString("base64url")}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const password = readFileSync(path, "utf8").trim();
  return {
    users: [{ name: "admin", password: new Secret(password), role: "operator" }],
    line: `sign-in: user admin, password in ${path}`,
  };
};
