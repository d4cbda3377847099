import { type Complaint, pathText, type SettingsPath } from "./complaint.ts";
import { staysOnLoopback } from "./cross-checks.ts";

const secretKeys = new Set([
  "client_secret",
  "old_client_secret",
  "refresh_token",
  "access_token",
  "verification_token",
  "secret_access_key",
  "webhook_secrets",
  "pubsub_token",
  "password",
]);

const shout = (word: string): string => word.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_");

/**
 * A secret written into the file is a complaint: files get committed, copied and mailed. One exception: an account
 * whose `endpoints` all point to this machine, for there it is no secret.
 * `referenced`: paths that took their text from the environment.
 */
export const literalSecrets = (tree: unknown, referenced: ReadonlySet<string>): readonly Complaint[] => {
  const complaints: Complaint[] = [];
  const walk = (node: unknown, path: SettingsPath, owner: string): void => {
    if (path.length === 2 && path[0] === "accounts" && isFields(node) && staysOnLoopback(node)) return;
    if (Array.isArray(node)) {
      for (const [at, item] of node.entries()) walk(item, [...path, at], ownerOf(item) ?? owner);
    } else if (isFields(node)) {
      for (const [key, item] of Object.entries(node)) walk(item, [...path, key], owner);
    } else {
      const key = String(path.findLast((part) => typeof part === "string") ?? "");
      const at = pathText(path);
      if (typeof node !== "string" || node === "" || !secretKeys.has(key) || referenced.has(at)) return;
      const name = `${shout(owner)}_${shout(key)}`.replace(/^_/, "");
      complaints.push({
        path: at,
        problem: "a secret is written in the file",
        fix: `put it into the environment as ${name} and write \${${name}} here; if the file was ever shared, replace the secret`,
      });
    }
  };
  walk(tree, [], "");
  return complaints;
};

const isFields = (node: unknown): node is Readonly<Record<string, unknown>> =>
  node !== null && typeof node === "object" && !Array.isArray(node);

const ownerOf = (item: unknown): string | undefined => {
  if (!isFields(item)) return undefined;
  const name = item["id"] ?? item["name"];
  return typeof name === "string" && /^[A-Za-z]/.test(name) ? name : undefined;
};
