import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Secret } from "../core/secret.ts";
import type { Settings } from "./settings.ts";

/** 32 bytes written as 64 hexadecimal digits or as base64 (also base64url, padded or not); undefined for anything else. */
export const parseSecretKey = (text: string): Secret | undefined => {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return new Secret(text.toLowerCase());
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.length === 32 ? new Secret(bytes.toString("hex")) : undefined;
};

export type SecretKey = {
  /** 32 bytes as 64 hexadecimal digits. */
  readonly key: Secret;
  /** `created` and `file`: worth a warning, for whoever can read the folder can read what the key seals. */
  readonly source: "environment" | "file" | "created";
  readonly path: string | undefined;
};

/**
 * The key of LOCKSTEP_SECRET_KEY, else the one kept in `<dataDir>/secret.key` (0600), else a new one put there.
 * Throws when the file holds no key: making another would leave everything sealed so far unreadable.
 */
export const ensureSecretKey = (settings: Pick<Settings, "secretKey" | "dataDir">): SecretKey => {
  if (settings.secretKey !== undefined) return { key: settings.secretKey, source: "environment", path: undefined };
  const path = join(settings.dataDir, "secret.key");
  let source: "file" | "created" = "file";
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o755 });
  try {
    // "wx": of two processes that start at once, one writes and the other reads.
    writeFileSync(path, `${randomBytes(32).toString("hex")}\n`, { flag: "wx", mode: 0o600, flush: true });
    source = "created";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const key = parseSecretKey(readFileSync(path, "utf8").trim());
  if (key === undefined) throw new Error(`${path} holds no key of 32 bytes: restore it, or set LOCKSTEP_SECRET_KEY`);
  return { key, source, path };
};
