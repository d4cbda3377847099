import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { ApiKey } from "../../../src/access/api-keys.ts";
import { hashOfKeyText, newKeyText } from "../../../src/access/key-text.ts";
import { createKeyring } from "../../../src/access/keyring.ts";
import { sha256Hex } from "../../../src/core/digest.ts";
import { fakeClock } from "./fake-clock.ts";

const key: ApiKey = { id: 1, name: "shop", prefix: "00000000", scopes: ["inventory:read"] };

test("a new key carries its prefix, 192 random bits and a checksum, and is known by the hash of its text", () => {
  const { text, prefix } = newKeyText(randomBytes);
  expect(text).toMatch(new RegExp(`^lsk_${prefix}_[0-9a-f]{48}_[0-9a-f]{8}$`));
  expect(hashOfKeyText(text)).toBe(sha256Hex(text));
  expect(newKeyText(randomBytes).text).not.toBe(text);
});

test("a key with one character changed has no hash", () => {
  const { text } = newKeyText(randomBytes);
  for (let at = 4; at < text.length; at += 1) {
    if (text[at] === "_") continue;
    const changed = `${text.slice(0, at)}${text[at] === "0" ? "1" : "0"}${text.slice(at + 1)}`;
    expect(hashOfKeyText(changed)).toBeUndefined();
  }
});

test("a key with a wrong checksum is refused without asking the database", async () => {
  const loads: string[] = [];
  const keyring = createKeyring({
    clock: fakeClock(),
    load: async (keyHash) => {
      loads.push(keyHash);
      return undefined;
    },
  });
  const { text } = newKeyText(randomBytes);
  expect(await keyring.find(`${text.slice(0, -1)}${text.endsWith("0") ? "1" : "0"}`)).toBeUndefined();
  expect(await keyring.find("lsk_short")).toBeUndefined();
  expect(loads).toEqual([]);
  await keyring.find(text);
  expect(loads).toEqual([sha256Hex(text)]);
});

test("a revoked key stops working within five seconds, and is asked for once in that time", async () => {
  const clock = fakeClock();
  let inForce: ApiKey | undefined = key;
  let loads = 0;
  const keyring = createKeyring({
    clock,
    load: async () => {
      loads += 1;
      return inForce;
    },
  });
  const { text } = newKeyText(randomBytes);
  expect(await keyring.find(text)).toEqual(key);
  expect(keyring.isFamiliar(text)).toBe(true);
  inForce = undefined;
  clock.advance(4_999);
  expect(await keyring.find(text)).toEqual(key);
  expect(loads).toBe(1);
  clock.advance(1);
  expect(await keyring.find(text)).toBeUndefined();
  expect(keyring.isFamiliar(text)).toBe(false);
});

test("the database's failure is the caller's, never a yes", async () => {
  const keyring = createKeyring({ clock: fakeClock(), load: () => Promise.reject(new Error("down")) });
  await expect(keyring.find(newKeyText(randomBytes).text)).rejects.toThrow("down");
});
