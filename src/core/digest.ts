import { createHmac, hash, timingSafeEqual } from "node:crypto";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Same value, same text, whatever the order of keys: the base of every fingerprint. */
export const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
};

export const sha256Hex = (text: string | Uint8Array): string => hash("sha256", text, "hex");

/** Fingerprint of a body, to tell a repeated request from a reused key. */
export const fingerprint = (value: unknown): string => sha256Hex(canonicalJson(value));

/** Keyed digest of a raw body: proves later what was received without keeping it. */
export const keyedDigest = (key: string, raw: Uint8Array): string =>
  createHmac("sha256", key).update(raw).digest("hex");

/** Equal in constant time; different lengths are simply unequal. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);
