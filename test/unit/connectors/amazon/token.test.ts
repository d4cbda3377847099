import { inspect } from "node:util";
import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Secret } from "../../../../src/core/secret.ts";
import {
  apiOrigin,
  authOrigin,
  bench,
  errorBody,
  givesTokens,
  restoreNetwork,
  withoutNetwork,
  write,
} from "./harness.ts";

beforeEach(withoutNetwork);
afterEach(restoreNetwork);

const orderAnswers = (reply: (token: string) => [number, unknown]): { readonly tokens: string[] } => {
  const tokens: string[] = [];
  nock(apiOrigin)
    .get(/^\/orders\/2026-01-01\/orders\/.+/)
    .times(50)
    .reply((request: Request) => {
      const token = String(request.headers.get("x-amz-access-token"));
      tokens.push(token);
      const [status, body] = reply(token);
      return [status, JSON.stringify(body), { "content-type": "application/json" }];
    });
  return { tokens };
};
const notFound = (): [number, unknown] => [404, errorBody("NOT_FOUND", "not found")];
const expired = errorBody(
  "Unauthorized",
  "Access to requested resource is denied.",
  "The access token you provided has expired.",
);

test("the token is asked for with the refresh-token grant and used until four fifths of its life", async () => {
  const { asked } = givesTokens(3600);
  const { tokens } = orderAnswers(notFound);
  const { connector, context, clock } = bench();
  await connector.fetchOrders(["1"], context);
  clock.advance(3600 * 800 - 10_000);
  await connector.fetchOrders(["2"], context);
  clock.advance(20_000);
  await connector.fetchOrders(["3"], context);
  expect(tokens).toEqual(["Atza|1", "Atza|1", "Atza|2"]);
  expect(new URLSearchParams(asked[0])).toEqual(
    new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: "Atzr|refresh-1",
      client_id: "client-1",
      client_secret: "secret-1",
    }),
  );
});

test("many calls at once share one refresh", async () => {
  const { asked } = givesTokens();
  const { tokens } = orderAnswers(notFound);
  const { connector, context } = bench();
  await Promise.all(["1", "2", "3", "4"].map((ref) => connector.fetchOrders([ref], context)));
  expect(tokens).toHaveLength(4);
  expect(asked).toHaveLength(1);
});

test("a token that Amazon calls expired is renewed once and the call repeated", async () => {
  const { asked } = givesTokens();
  const { tokens } = orderAnswers((token) => (token === "Atza|1" ? [403, expired] : notFound()));
  const { connector, context } = bench();
  expect(await connector.fetchOrders(["1"], context)).toEqual([]);
  expect(tokens).toEqual(["Atza|1", "Atza|2"]);
  expect(asked).toHaveLength(2);
});

test("a fresh token that is called expired too is a matter of credentials", async () => {
  const { asked } = givesTokens();
  const { tokens } = orderAnswers(() => [403, expired]);
  const { connector, context } = bench();
  await expect(connector.fetchOrders(["1"], context)).rejects.toMatchObject({ kind: "auth" });
  expect(tokens).toHaveLength(2);
  expect(asked).toHaveLength(2);
});

test("a revoked token is not renewed: the account needs a person", async () => {
  const { asked } = givesTokens();
  orderAnswers(() => [
    403,
    errorBody(
      "Unauthorized",
      "Access to requested resource is denied.",
      "Access token is revoked, malformed or invalid.",
    ),
  ]);
  const { connector, context } = bench();
  await expect(connector.fetchOrders(["1"], context)).rejects.toMatchObject({
    kind: "auth",
    channelCode: "RevokedToken",
  });
  expect(asked).toHaveLength(1);
});

test("a refused refresh token is auth, a busy token endpoint is retryable", async () => {
  nock(authOrigin)
    .post("/auth/o2/token")
    .reply(400, { error: "invalid_grant", error_description: "The request has an invalid grant parameter" });
  const { connector, context, clock } = bench();
  const refused = { kind: "auth", channelCode: "invalid_grant" };
  await expect(connector.fetchOrders(["1"], context)).rejects.toMatchObject(refused);
  // Who comes a moment later is told the same without a request, of which nock has no other.
  clock.advance(1_999);
  await expect(connector.fetchOrders(["1"], context)).rejects.toMatchObject(refused);
  clock.advance(1);
  nock(authOrigin).post("/auth/o2/token").times(3).reply(503, "busy");
  await expect(connector.fetchOrders(["1"], context)).rejects.toMatchObject({ kind: "retryable" });
});

test("no error and no log shows a token or a secret", async () => {
  givesTokens();
  nock(apiOrigin)
    .patch(/.*/)
    .query(true)
    .replyWithError(Object.assign(new Error("socket hang up"), { code: "ECONNREFUSED" }));
  const { connector, context, logged } = bench();
  const failure: unknown = await connector
    .pushQuantities([write("SKU-1", 1)], "a", context)
    .catch((error: unknown) => error);
  nock.cleanAll();
  nock(authOrigin).post("/auth/o2/token").times(3).replyWithError("connection reset");
  const other = bench();
  const authFailure: unknown = await other.connector.fetchOrders(["1"], other.context).catch((error: unknown) => error);
  expect(authFailure).toMatchObject({ kind: "retryable" });
  const shown = inspect([failure, authFailure, logged, other.logged], { depth: 20, showHidden: true });
  expect(shown).toContain("socket hang up");
  for (const secret of ["Atza|", "Atzr|", "secret-1"]) expect(shown).not.toContain(secret);
});

test("a token whose early refresh fails serves on until shortly before its end", async () => {
  const { asked } = givesTokens(3600);
  const { tokens } = orderAnswers(notFound);
  const { connector, context, clock } = bench();
  await connector.fetchOrders(["1"], context);
  nock.cleanAll();
  const later = orderAnswers(notFound);
  nock(authOrigin).post("/auth/o2/token").times(6).reply(503, "busy");
  clock.advance(3600 * 850);
  await connector.fetchOrders(["2"], context);
  expect([...tokens, ...later.tokens]).toEqual(["Atza|1", "Atza|1"]);
  expect(asked).toHaveLength(1);
  clock.advance(3600 * 120);
  await expect(connector.fetchOrders(["3"], context)).rejects.toMatchObject({ kind: "retryable" });
});

test("while the client secret is being rotated, whichever Amazon takes is used and tried first from then on", async () => {
  const secrets: (string | null)[] = [];
  nock(authOrigin)
    .post("/auth/o2/token")
    .times(5)
    .reply(async (request: Request) => {
      const secret = new URLSearchParams(await request.text()).get("client_secret");
      secrets.push(secret);
      if (secret === "secret-new")
        return [401, { error: "invalid_client", error_description: "Client authentication failed" }];
      return [200, { access_token: `Atza|${secrets.length}`, token_type: "bearer", expires_in: 3600 }];
    });
  orderAnswers(notFound);
  const credentials = {
    clientId: "client-1",
    clientSecret: new Secret("secret-new"),
    oldClientSecret: new Secret("secret-old"),
    refreshToken: new Secret("Atzr|refresh-1"),
  };
  const { connector, context, clock } = bench({ credentials });
  await connector.fetchOrders(["1"], context);
  clock.advance(3600 * 1000);
  await connector.fetchOrders(["2"], context);
  expect(secrets).toEqual(["secret-new", "secret-old", "secret-old"]);
});

const unexplained = errorBody("Unauthorized", "Access to requested resource is denied.", "");

test("a denial without a reason at the first try names the three likely causes", async () => {
  givesTokens();
  orderAnswers(() => [403, unexplained]);
  const { connector, context } = bench();
  const failure: unknown = await connector.fetchOrders(["1"], context).catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind: "auth", channelCode: "UnexplainedDenial" });
  expect(String(failure)).toMatch(/role.*region.*draft/);
});

test("a storm of denials of what worked before is waited out, and disables the account only after three quarters of an hour", async () => {
  givesTokens(360_000);
  let denies = false;
  const { tokens } = orderAnswers(() => (denies ? [403, unexplained] : notFound()));
  const { connector, context, clock } = bench();
  await connector.fetchOrders(["1"], context);
  denies = true;
  const waits: number[] = [];
  for (let minutes = 0; minutes < 45; minutes += 5) {
    const failure: unknown = await connector.fetchOrders(["1"], context).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "throttled", channelCode: "UnexplainedDenial" });
    waits.push((failure as { retryAfterMs: number }).retryAfterMs);
    clock.advance(5 * 60_000);
  }
  expect(waits[0]).toBeLessThanOrEqual(10_000);
  expect(waits.at(-1)).toBeGreaterThanOrEqual(150_000);
  clock.advance(60_000);
  await expect(connector.fetchOrders(["1"], context)).rejects.toMatchObject({ kind: "auth" });
  denies = false;
  await connector.fetchOrders(["1"], context);
  denies = true;
  await expect(connector.fetchOrders(["1"], context)).rejects.toMatchObject({ kind: "throttled" });
  expect(tokens).toHaveLength(13);
});

test("amazon trap 19: a token dead before its time is renewed once, an expired client secret is told as such", async () => {
  const { asked } = givesTokens();
  orderAnswers(() => [403, errorBody("Unauthorized", "Access denied.", "The LWA secret you provided has expired.")]);
  const { connector, context } = bench();
  const failure: unknown = await connector.fetchOrders(["1"], context).catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind: "auth", channelCode: "ExpiredSecret" });
  expect(String(failure)).toContain("make a new one");
  expect(asked).toHaveLength(2);
});
