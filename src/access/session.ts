import { createHmac } from "node:crypto";
import { z } from "zod";
import { sameBytes } from "../core/digest.ts";
import type { Secret } from "../core/secret.ts";
import { deriveKey, type User } from "./users.ts";

export const sessionMs = 12 * 60 * 60 * 1000;

const Claims = z.strictObject({ user: z.string(), id: z.string(), expiresAtMs: z.number() });
export type Session = { readonly id: string; readonly user: User; readonly expiresAtMs: number };

const encode = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString("base64url");

/** Bound to the user's password: changing it ends every session of that user. */
const sessionKey = (secretKey: Secret, user: User): Uint8Array =>
  deriveKey(secretKey, `session\u0000${user.name}\u0000${user.password.reveal()}`);

const sign = (key: Uint8Array, text: string): Uint8Array => createHmac("sha256", key).update(text).digest();

/** A signed session as cookie text; nothing of it is kept on the server, so every process accepts it. */
export const issueSession = (secretKey: Secret, session: Session): string => {
  const claims: z.infer<typeof Claims> = { user: session.user.name, id: session.id, expiresAtMs: session.expiresAtMs };
  const body = encode(JSON.stringify(claims));
  return `${body}.${encode(sign(sessionKey(secretKey, session.user), body))}`;
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The session that a cookie stands for; undefined when forged, expired, or its user is gone from the settings. */
export const readSession = (
  secretKey: Secret,
  users: readonly User[],
  cookie: string,
  nowMs: number,
): Session | undefined => {
  const [body = "", signature = "", ...rest] = cookie.split(".");
  if (rest.length > 0) return undefined;
  const claims = Claims.safeParse(parseJson(Buffer.from(body, "base64url").toString("utf8")));
  if (!claims.success) return undefined;
  const user = users.find((one) => one.name === claims.data.user);
  if (user === undefined) return undefined;
  if (!sameBytes(sign(sessionKey(secretKey, user), body), Buffer.from(signature, "base64url"))) return undefined;
  if (claims.data.expiresAtMs <= nowMs) return undefined;
  return { id: claims.data.id, user, expiresAtMs: claims.data.expiresAtMs };
};

/** The token that a form must carry back; `subject` is the session's id, or the login page's nonce. */
export const formToken = (secretKey: Secret, subject: string): string =>
  encode(sign(deriveKey(secretKey, "form token"), subject));

export const isFormToken = (secretKey: Secret, subject: string, token: string): boolean =>
  sameBytes(Buffer.from(formToken(secretKey, subject)), Buffer.from(token));
