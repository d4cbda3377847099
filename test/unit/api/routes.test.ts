import { randomBytes } from "node:crypto";
import { beforeEach, expect, test } from "vitest";
import { type ApiKey, type Scope, scopes } from "../../../src/access/api-keys.ts";
import { newKeyText } from "../../../src/access/key-text.ts";
import { type Authoriser, createAuthoriser } from "../../../src/api/authorise.ts";
import { openApiDocument } from "../../../src/api/openapi.ts";
import { apiRoutes } from "../../../src/api/routes.ts";
import { InventoryQuery } from "../../../src/api/schemas.ts";
import { AdjustBody } from "../../../src/api/stock-schemas.ts";
import { v1Routes } from "../../../src/api/v1.ts";
import { createSupport } from "../../../src/jobs/support.ts";
import { answerError } from "../../../src/ops/answer-error.ts";
import type { Log } from "../../../src/ops/logger.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import type { WebEnv } from "../../../src/ops/web-env.ts";
import { fakeClock } from "../access/fake-clock.ts";

const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const keys = new Map<string, ApiKey>();
const clock = fakeClock();
let authoriser: Authoriser;

beforeEach(() => {
  authoriser = createAuthoriser({
    keyring: {
      find: async (text) => keys.get(text),
      isFamiliar: (text) => keys.has(text),
      known: (text) => keys.get(text),
    },
    clock,
    metrics: createMetrics(),
    log,
  });
});

const keyWith = (granted: readonly Scope[]): string => {
  const { text, prefix } = newKeyText(randomBytes);
  keys.set(text, { id: keys.size + 1, name: prefix, prefix, scopes: [...granted] });
  return text;
};

const nowhere = {
  pool: { query: () => Promise.reject(Object.assign(new Error("no db here"), { code: "ECONNREFUSED" })) },
};
const v1 = (): ReturnType<typeof v1Routes> => {
  const app = v1Routes({
    // Nothing here may get as far as the database or the ledger; should it, the answer is a 503.
    db: nowhere as never,
    ledger: { submit: () => Promise.reject(new Error("never")), submitText: () => Promise.reject(new Error("never")) },
    clock,
    wakeOutbox: () => undefined,
    plans: { rulesOf: () => undefined, wake: () => undefined },
    support: createSupport({
      db: nowhere as never,
      clock,
      planFor: () => undefined,
      connectorFor: () => undefined,
      wake: () => undefined,
    }),
    authoriser,
    settings: { apiBodyBytes: 1_024 },
  });
  app.onError((error) => answerError(error, log, {}));
  return app;
};

const from = (address: string): Partial<WebEnv["Bindings"]> => ({
  incoming: { socket: { remoteAddress: address } } as never,
});
type Init = Omit<RequestInit, "headers"> & { readonly headers?: Readonly<Record<string, string>> };
const send = async (
  route: { method: string; path: string },
  token: string | undefined,
  init: Init = {},
): Promise<Response> =>
  v1().request(
    route.path.replace("{sku}", "A"),
    {
      method: route.method.toUpperCase(),
      ...init,
      headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...init.headers },
    },
    from("10.0.0.1"),
  );

test("every handler below /v1 is a declared route, and every declared route is handled", () => {
  const declared = new Set(apiRoutes.map((route) => `${route.method.toUpperCase()} ${route.getRoutingPath()}`));
  const handled = new Set(
    v1()
      .routes.filter((route) => route.method !== "ALL")
      .map((route) => `${route.method} ${route.path}`),
  );
  expect(declared.size).toBeGreaterThan(4);
  expect(handled).toEqual(declared);
});

test.each(apiRoutes.map((route) => [`${route.method} ${route.path}`, route] as const))(
  "%s: no key 401, any other scope 403, and its own scope gets further",
  async (_name, route) => {
    expect((await send(route, undefined)).status).toBe(401);
    const wanted = route["x-required-scope"];
    for (const scope of scopes.filter((one) => one !== wanted)) {
      expect((await send(route, keyWith([scope]))).status).toBe(403);
    }
    expect([401, 403]).not.toContain((await send(route, keyWith([wanted]))).status);
  },
);

test("without a key, what is not there looks like what is", async () => {
  const missing = await send({ method: "get", path: "/v1/nothing" }, undefined);
  const there = await send({ method: "get", path: "/v1/movements" }, undefined);
  expect([missing.status, await missing.text()]).toEqual([there.status, await there.text()]);
  expect((await send({ method: "get", path: "/v1/nothing" }, keyWith(["inventory:read"]))).status).toBe(404);
});

test("an address that sends wrong keys is told to wait, a key that works is not locked out with it", async () => {
  const good = keyWith(["inventory:read"]);
  const app = v1();
  const ask = async (token: string, address: string): Promise<Response> =>
    app.request("/v1/nothing", { headers: { authorization: `Bearer ${token}` } }, from(address));
  for (let guess = 0; guess < 20; guess += 1)
    expect((await ask(newKeyText(randomBytes).text, "10.0.0.9")).status).toBe(401);
  const limited = await ask(newKeyText(randomBytes).text, "10.0.0.9");
  expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "60"]);
  expect((await ask(good, "10.0.0.9")).status).toBe(404);
  expect((await ask(newKeyText(randomBytes).text, "10.0.0.10")).status).toBe(401);
});

const writer = { method: "post", path: "/v1/inventory/adjust" };
const json = (body: unknown, headers: Record<string, string> = {}): Init => ({
  body: typeof body === "string" ? body : JSON.stringify(body),
  headers: { "content-type": "application/json", "idempotency-key": "k-1", ...headers },
});
const line = { sku: "A", location: "main", units: 1, reason: "counted" };

test.each([
  ["nothing at all", { body: "{}", headers: { "idempotency-key": "k" } }, 415, "unsupported-media-type"],
  ["compressed", json({ lines: [line] }, { "content-encoding": "gzip" }), 415, "unsupported-media-type"],
  ["not JSON", json("{"), 400, "invalid-json"],
  ["not UTF-8", { ...json(""), body: Buffer.from([0x22, 0xff, 0x22]) }, 400, "invalid-json"],
  ["a name twice", json('{"lines":[],"lines":[]}'), 400, "invalid-json"],
  ["too large", json({ lines: [{ ...line, reason: "x".repeat(2_000) }] }), 413, "payload-too-large"],
  ["no idempotency key", json({ lines: [line] }, { "idempotency-key": "" }), 400, "idempotency-key-required"],
  [
    "an idempotency key with spaces",
    json({ lines: [line] }, { "idempotency-key": "a b" }),
    400,
    "idempotency-key-required",
  ],
])("a body that is %s is refused as what it is", async (_name, init, status, slug) => {
  const response = await send(writer, keyWith(["inventory:write"]), init);
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ type: `urn:lockstep:problem:${slug}`, status });
});

test.each(
  apiRoutes
    .filter((route) => route.method === "post" && !route.path.endsWith("/query"))
    .map((route) => [route.path, route["x-required-scope"]] as const),
)("%s without an Idempotency-Key is refused", async (path, scope) => {
  const body = { body: "{}", headers: { "content-type": "application/json" } };
  const route = { method: "post", path: path.replace("{id}", "r-1").replace("{hash}", "0123abcd") };
  const response = await send(route, keyWith([scope]), body);
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { type: "urn:lockstep:problem:idempotency-key-required" },
  ]);
});

test("every mistake in a body is listed with its field, the problem and the fix", async () => {
  const lines = [
    { ...line, units: 1.5 },
    { ...line, units: 0 },
    { ...line, units: 1_000_000_001 },
    { ...line, units: "3" },
    { ...line, sku: "" },
    { ...line, location: "Main Street" },
    { sku: "A", location: "main", units: 1 },
    { ...line, on_hand: 5, constructor: 1 },
  ];
  const response = await send(writer, keyWith(["inventory:write"]), json({ lines, tenant_id: 1 }));
  const problem = (await response.json()) as { errors: { field: string; problem: string; fix: string }[] };
  expect(response.status).toBe(422);
  expect(Object.fromEntries(problem.errors.map((one) => [one.field, one.problem]))).toEqual({
    "lines[0].units": "must be a whole number",
    "lines[1].units": "must not be zero",
    "lines[2].units": "must be at most 1000000000",
    "lines[3].units": "must be a number",
    "lines[4].sku": "must be 1 to 255 bytes of UTF-8",
    "lines[5].location": "a location id must be lower-case letters, digits and dashes, at most 63",
    "lines[6].reason": "is missing",
    "lines[7].on_hand": "is not a known field",
    "lines[7].constructor": "is not a known field",
    tenant_id: "is not a known field",
  });
  expect(problem.errors.every((one) => one.fix.length > 0)).toBe(true);
});

test.each([
  "-1",
  "0",
  "1.5",
  "1e9999",
  "-0",
  "99999999999999999999",
  "1000000001",
  "0.99999999999999999",
  '"1"',
  "null",
  "true",
  "[1]",
])("receiving %s units is refused and names the field", async (units) => {
  const body = `{"lines":[{"sku":"A","location":"main","units":${units}}]}`;
  const response = await send(
    { method: "post", path: "/v1/inventory/receive" },
    keyWith(["inventory:write"]),
    json(body),
  );
  expect(response.status).toBe(422);
  expect(((await response.json()) as { errors: { field: string }[] }).errors.map((one) => one.field)).toEqual([
    "lines[0].units",
  ]);
});

test("1,000 SKUs or lines are taken, one more is refused", () => {
  const skus = Array.from({ length: 1_001 }, (_, index) => `SKU-${index}`);
  expect(InventoryQuery.safeParse({ skus: skus.slice(1) }).success).toBe(true);
  expect(InventoryQuery.safeParse({ skus }).error?.issues[0]?.message).toBe("must name at most 1000 SKUs");
  const lines = skus.map((sku) => ({ ...line, sku }));
  expect(AdjustBody.safeParse({ lines: lines.slice(1) }).success).toBe(true);
  expect(AdjustBody.safeParse({ lines }).error?.issues[0]?.message).toBe("must have at most 1000 lines");
});

test("the document describes every route with its scope and a closed body", () => {
  const document = openApiDocument();
  expect(document.openapi).toBe("3.1.0");
  expect(Object.keys(document.paths ?? {}).toSorted()).toEqual(
    [...new Set(apiRoutes.map((route) => route.path))].toSorted(),
  );
  const adjust = document.paths?.["/v1/inventory/adjust"]?.post;
  expect(adjust?.security).toEqual([{ apiKey: ["inventory:write"] }]);
  expect(JSON.stringify(document.components?.schemas?.["AdjustLine"])).toContain('"additionalProperties":false');
  expect(JSON.parse(JSON.stringify(document))).toEqual(document);
});
