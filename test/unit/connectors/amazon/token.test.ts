import { inspect } from "node:util";
import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
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
    channelCode: "Unauthorized",
  });
  expect(asked).toHaveLength(1);
});

test("a refused refresh token is auth, a busy token endpoint is retryable", async () => {
  nock(authOrigin)
    .post("/auth/o2/token")
    .reply(400, { error: "invalid_grant", error_description: "The request has an invalid grant parameter" });
  const { connector, context } = bench();
  await expect(connector.fetchOrders(["1"], context)).rejects.toMatchObject({
    kind: "auth",
    channelCode: "invalid_grant",
  });
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
