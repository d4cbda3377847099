import { sameBytes, sha256Hex } from "../core/digest.ts";

/** Random bytes for secrets; production passes `randomBytes` of node:crypto. */
export type SecretBytes = (count: number) => Uint8Array;

const prefixBytes = 4;
const secretBytes = 24;
const keyPattern = /^lsk_([0-9a-f]{8})_([0-9a-f]{48})_([0-9a-f]{8})$/;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const checksumOf = (body: string): string => sha256Hex(body).slice(0, 8);

/**
 * `lsk_<prefix>_<192 random bits>_<checksum>`. The prefix names the key to people and in logs; the checksum lets a
 * mistyped or invented key be refused without asking the database, and lets a secret scanner tell a real one.
 */
export const newKeyText = (random: SecretBytes): { readonly text: string; readonly prefix: string } => {
  const prefix = hex(random(prefixBytes));
  const body = `lsk_${prefix}_${hex(random(secretBytes))}`;
  return { text: `${body}_${checksumOf(body)}`, prefix };
};

/** The hash under which a well-formed key is stored, or undefined for anything that cannot be a key of ours. */
export const hashOfKeyText = (text: string): string | undefined => {
  const parts = keyPattern.exec(text);
  if (parts === null) return undefined;
  const [, prefix = "", secret = "", checksum = ""] = parts;
  const expected = checksumOf(`lsk_${prefix}_${secret}`);
  return sameBytes(Buffer.from(expected), Buffer.from(checksum)) ? sha256Hex(text) : undefined;
};
