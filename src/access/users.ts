import { createHmac, hkdfSync } from "node:crypto";
import { sameBytes } from "../core/digest.ts";
import type { Secret } from "../core/secret.ts";

/** `support` looks; `operator` may also act. */
type Role = "support" | "operator";
export type User = { readonly name: string; readonly password: Secret; readonly role: Role };

/** A key for one purpose, so that what is signed for one thing can never pass for another. */
export const deriveKey = (secretKey: Secret, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", secretKey.reveal(), "lockstep", purpose, 32));

/**
 * The user with this name and password, or undefined. Takes as long for a name that does not exist as for a wrong
 * password, and compares digests, so neither names nor lengths can be told from the time it takes.
 */
export const findUser = (
  users: readonly User[],
  given: { readonly name: string; readonly password: string },
  secretKey: Secret,
): User | undefined => {
  const key = deriveKey(secretKey, "password comparison");
  const digest = (text: string): Uint8Array => createHmac("sha256", key).update(text).digest();
  const named = users.find((user) => user.name === given.name);
  const matches = sameBytes(digest(given.password), digest(named?.password.reveal() ?? "\u0000no such user"));
  return matches ? named : undefined;
};
