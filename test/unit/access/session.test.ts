import { expect, test } from "vitest";
import { formToken, isFormToken, issueSession, readSession, type Session } from "../../../src/access/session.ts";
import { findUser, type User } from "../../../src/access/users.ts";
import { Secret } from "../../../src/core/secret.ts";

const secretKey = new Secret("a".repeat(64));
const user: User = { name: "olga", password: new Secret("correct horse"), role: "operator" };
const nowMs = Date.parse("2026-03-01T09:00:00Z");
const session: Session = { id: "s-1", user, expiresAtMs: nowMs + 1_000 };

test("a session is read back until it expires", () => {
  const cookie = issueSession(secretKey, session);
  expect(readSession(secretKey, [user], cookie, nowMs)).toEqual(session);
  expect(readSession(secretKey, [user], cookie, nowMs + 1_000)).toBeUndefined();
});

test("a session with any character changed, or signed with another key, is none", () => {
  const cookie = issueSession(secretKey, session);
  const [body = "", signature = ""] = cookie.split(".");
  const other = Buffer.from(JSON.stringify({ user: "olga", id: "s-1", expiresAtMs: nowMs + 9e9 })).toString(
    "base64url",
  );
  expect(readSession(secretKey, [user], `${other}.${signature}`, nowMs)).toBeUndefined();
  expect(readSession(secretKey, [user], `${body}.`, nowMs)).toBeUndefined();
  expect(readSession(secretKey, [user], `${body}.${signature.slice(0, -2)}`, nowMs)).toBeUndefined();
  expect(readSession(secretKey, [user], `${cookie}.x`, nowMs)).toBeUndefined();
  expect(readSession(secretKey, [user], "", nowMs)).toBeUndefined();
  expect(readSession(new Secret("b".repeat(64)), [user], cookie, nowMs)).toBeUndefined();
});

test("changing the password, or removing the user, ends the session", () => {
  const cookie = issueSession(secretKey, session);
  expect(readSession(secretKey, [{ ...user, password: new Secret("new one") }], cookie, nowMs)).toBeUndefined();
  expect(readSession(secretKey, [], cookie, nowMs)).toBeUndefined();
});

test("the role comes from the settings of now, not from the cookie", () => {
  const cookie = issueSession(secretKey, session);
  expect(readSession(secretKey, [{ ...user, role: "support" }], cookie, nowMs)?.user.role).toBe("support");
});

test("a form token belongs to one session", () => {
  expect(isFormToken(secretKey, "s-1", formToken(secretKey, "s-1"))).toBe(true);
  expect(isFormToken(secretKey, "s-2", formToken(secretKey, "s-1"))).toBe(false);
  expect(isFormToken(secretKey, "s-1", "")).toBe(false);
});

test("only the right name with the right password finds a user", () => {
  const find = (name: string, password: string): User | undefined => findUser([user], { name, password }, secretKey);
  expect(find("olga", "correct horse")).toBe(user);
  expect(find("olga", "correct hors")).toBeUndefined();
  expect(find("Olga", "correct horse")).toBeUndefined();
  expect(find("nobody", "\u0000no such user")).toBeUndefined();
});
