import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { Secret } from "../../../../src/core/secret.ts";
import { contract, createBench, host, item, levelOf, type Reply, serveGraphql } from "./support.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());

const listing = { ref: item(1), details: null };
const root = { nodes: () => [{ __typename: "InventoryItem", id: item(1), tracked: true, inventoryLevel: levelOf(7) }] };
const reading = [{ ref: item(1), units: 7 }];

const SampleReply = z.object({
  status: z.number(),
  body: z.unknown(),
  headers: z.record(z.string(), z.string()).optional(),
});
const sample = (name: string): Reply => {
  const { status, body, headers } = SampleReply.parse(
    contract("samples/graphql.responses.json", z.record(z.string(), z.unknown()))[name],
  );
  return { status, body, headers: headers ?? {} };
};

test("THROTTLED with HTTP 200 waits for (requested − available) / restore rate and holds back the budget", async () => {
  const replies = [sample("throttled_http200")];
  const { connector, context, clock, budget } = createBench();
  serveGraphql(root, () => replies.shift());
  await expect(connector.readQuantities([listing], context)).rejects.toMatchObject({
    kind: "throttled",
    retryAfterMs: 840,
  });
  expect(await budget.spare("graphql")).toBe(0);
  const before = clock.monotonicMs();
  expect(await connector.readQuantities([listing], context)).toEqual(reading);
  expect(clock.monotonicMs() - before).toBeGreaterThanOrEqual(840);
});

test("Retry-After of a 429 is read as seconds", async () => {
  const { connector, context } = createBench();
  serveGraphql(root, () => sample("http_429"));
  await expect(connector.readQuantities([listing], context)).rejects.toMatchObject({
    kind: "throttled",
    retryAfterMs: 2000,
  });
});

test("every answer corrects the budget: remaining points, restore rate and bucket size", async () => {
  const { connector, context, budget, clock } = createBench();
  serveGraphql(root, () => ({
    status: 200,
    body: {
      data: { nodes: [{ id: item(1), tracked: true, inventoryLevel: levelOf(7) }] },
      extensions: {
        cost: {
          requestedQueryCost: 3,
          actualQueryCost: 3,
          throttleStatus: { maximumAvailable: 4000, currentlyAvailable: 50, restoreRate: 200 },
        },
      },
    },
  }));
  await connector.readQuantities([listing], context);
  expect(await budget.spare("graphql")).toBe(50);
  clock.advance(1_000);
  expect(await budget.spare("graphql")).toBe(250);
});

test("what a call did not cost in the end is given back", async () => {
  const { connector, context, budget } = createBench();
  const answered = { nodes: [{ id: item(1), tracked: true, inventoryLevel: levelOf(7) }] };
  const throttleStatus = { maximumAvailable: 2000, currentlyAvailable: 1990, restoreRate: 100 };
  const cost = { requestedQueryCost: 750, actualQueryCost: 10, throttleStatus };
  serveGraphql(root, () => ({ status: 200, body: { data: answered, extensions: { cost } } }));
  await connector.readQuantities([listing], context);
  await connector.readQuantities([listing], context);
  expect(await budget.spare("graphql")).toBe(1_980);
});

test.each([
  ["http_401", "auth"],
  ["access_denied", "auth"],
  ["too_expensive", "permanent"],
])("the sample answer %s is %s and not tried again", async (name, kind) => {
  const { connector, context } = createBench();
  const sent = serveGraphql(root, () => sample(name));
  await expect(connector.readQuantities([listing], context)).rejects.toMatchObject({ kind, ambiguous: false });
  expect(sent).toHaveLength(1);
});

test.each([
  [402, "permanent"],
  [403, "auth"],
  [404, "permanent"],
  [423, "permanent"],
  [430, "permanent"],
])("HTTP %i is %s", async (status, kind) => {
  const { connector, context } = createBench();
  serveGraphql(root, () => ({ status, body: "" }));
  await expect(connector.readQuantities([listing], context)).rejects.toMatchObject({
    kind,
    channelCode: String(status),
  });
});

test.each(["internal_error", "http_503"])("a read is tried again within the call after %s", async (name) => {
  const replies = [sample(name)];
  const { connector, context } = createBench();
  const sent = serveGraphql(root, () => replies.shift());
  expect(await connector.readQuantities([listing], context)).toEqual(reading);
  expect(sent).toHaveLength(2);
});

test("another API version than the one asked for is reported once", async () => {
  const { connector, context, warnings } = createBench();
  serveGraphql(root, () => undefined, { "X-Shopify-API-Version": "2027-01" });
  await connector.readQuantities([listing], context);
  await connector.readQuantities([listing], context);
  expect(warnings).toEqual(["the channel serves another API version"]);
});

const grant = {
  credentials: { accessToken: undefined, clientId: "client-id", clientSecret: new Secret("client-secret-not-real") },
};
const serveTokens = (replies: readonly (readonly [number, object])[]): { requests: unknown[] } => {
  const requests: unknown[] = [];
  for (const [status, body] of replies) {
    nock(host)
      .post("/admin/oauth/access_token", (request) => {
        requests.push(request);
        return true;
      })
      .reply(status, body);
  }
  return { requests };
};
const token = (name: string): readonly [number, object] => [200, { access_token: name, scope: "", expires_in: 86_399 }];

test("the client-credentials grant is asked once for concurrent calls and kept for 80 % of its life", async () => {
  const { connector, context, clock } = createBench(grant);
  const { requests } = serveTokens([token("one"), token("two")]);
  const sent = serveGraphql(root);
  await Promise.all([connector.readQuantities([listing], context), connector.readQuantities([listing], context)]);
  clock.advance(86_399_000 * 0.79);
  await connector.readQuantities([listing], context);
  expect(sent.map((call) => call.token)).toEqual(["one", "one", "one"]);
  clock.advance(86_399_000 * 0.02);
  await connector.readQuantities([listing], context);
  expect(sent.at(-1)?.token).toBe("two");
  expect(requests[0]).toEqual({
    client_id: "client-id",
    client_secret: "client-secret-not-real",
    grant_type: "client_credentials",
  });
});

test("a refused granted token is replaced once, even for a write, and a second refusal is auth", async () => {
  const { connector, context } = createBench(grant);
  serveTokens([token("one"), token("two"), token("three")]);
  const ok: Reply = {
    status: 200,
    body: { data: { inventorySetQuantities: { inventoryAdjustmentGroup: null, userErrors: [] } } },
  };
  const sent = serveGraphql(root, (call) => (call.token === "two" ? ok : { status: 401, body: "" }));
  const write = { ...listing, units: 3, expectedUnits: 1 };
  expect(await connector.pushQuantities([write], "a", context)).toMatchObject([{ status: "accepted" }]);
  expect(sent.map((call) => call.token)).toEqual(["one", "two"]);

  const second = createBench(grant);
  nock.cleanAll();
  serveTokens([token("one"), token("three")]);
  const refused = serveGraphql(root, () => ({ status: 401, body: "" }));
  await expect(second.connector.readQuantities([listing], second.context)).rejects.toMatchObject({ kind: "auth" });
  expect(refused).toHaveLength(2);
});

test("many calls refused at once under one dead token buy one new token", async () => {
  const { connector, context } = createBench(grant);
  serveTokens([token("one"), token("two"), token("three")]);
  const sent = serveGraphql(root, (call) => (call.token === "one" ? { status: 401, body: "" } : undefined));
  const calls = Array.from({ length: 8 }, () => connector.readQuantities([listing], context));
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 8 }, () => reading));
  expect(sent.filter((call) => call.token === "two")).toHaveLength(8);
  // The third token was never asked for.
  expect(nock.pendingMocks().filter((mock) => mock.includes("access_token"))).toHaveLength(1);
});

test("a refused token request is told to whoever comes within two seconds, and then made again", async () => {
  const { connector, context, clock } = createBench(grant);
  const { requests } = serveTokens([[401, { error: "invalid_client" }], token("one")]);
  serveGraphql(root);
  await expect(connector.readQuantities([listing], context)).rejects.toMatchObject({ kind: "auth" });
  clock.advance(1_999);
  await expect(connector.readQuantities([listing], context)).rejects.toMatchObject({ kind: "auth" });
  expect(requests).toHaveLength(1);
  clock.advance(1);
  expect(await connector.readQuantities([listing], context)).toEqual(reading);
});

test("refused client credentials are auth, and no secret is in the error", async () => {
  const { connector, context } = createBench(grant);
  serveTokens([[400, { error: "invalid_client" }]]);
  const error: unknown = await connector.readQuantities([listing], context).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ kind: "auth" });
  expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain("client-secret-not-real");
});
