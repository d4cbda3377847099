import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ensureSecretKey, parseSecretKey } from "../../../src/config/secret-key.ts";

const bytes = Buffer.from(Array.from({ length: 32 }, (_, at) => at * 7));

test("a key is the same written in hexadecimal, base64 or base64url", () => {
  const hex = bytes.toString("hex");
  for (const text of [hex, hex.toUpperCase(), bytes.toString("base64"), bytes.toString("base64url")]) {
    expect(parseSecretKey(text)?.reveal()).toBe(hex);
  }
});

test.each(["", "abc", "0".repeat(63), bytes.subarray(1).toString("base64"), "a passphrase of some length, but no key"])(
  "%j is no key",
  (text) => {
    expect(parseSecretKey(text)).toBeUndefined();
  },
);

test("a key is made once, kept for its owner alone, and read again", () => {
  const dataDir = join(mkdtempSync(join(tmpdir(), "lockstep-key-")), "data");
  const made = ensureSecretKey({ secretKey: undefined, dataDir });
  const again = ensureSecretKey({ secretKey: undefined, dataDir });
  expect([made.source, again.source]).toEqual(["created", "file"]);
  expect(again.key.reveal()).toBe(made.key.reveal());
  expect(made.key.reveal()).toMatch(/^[0-9a-f]{64}$/);
  expect(statSync(join(dataDir, "secret.key")).mode & 0o777).toBe(0o600);
});

test("a broken key file stops the start and is left as it is", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "lockstep-key-"));
  writeFileSync(join(dataDir, "secret.key"), "half a ke");
  expect(() => ensureSecretKey({ secretKey: undefined, dataDir })).toThrow(/restore it, or set LOCKSTEP_SECRET_KEY/);
  expect(readFileSync(join(dataDir, "secret.key"), "utf8")).toBe("half a ke");
});
