import { afterAll, beforeAll, expect, test } from "vitest";
import { latestAudit } from "../../../src/access/audit.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import { createSupport } from "../../../src/jobs/support.ts";
import { showEverything } from "../../../src/mapping/policy.ts";
import { startWeb, type Web } from "./web.ts";

let web: Web;
let reader: string;
let writer: string;
const woken: string[] = [];

beforeAll(async () => {
  const guards = {
    maxZeroedCount: 9,
    maxZeroedPercent: 100,
    maxLoweredCount: 1_000_000,
    maxLoweredPercent: 100,
    maxRaisedCount: 9,
    maxRaisedPercent: 100,
  };
  const times = { quietMs: 0, ordersEveryMs: 60_000, ordersEveryMsMin: 0, listingsEveryMs: 60_000 };
  web = await startWeb(async ({ db }) => ({
    support: createSupport({
      db,
      clock: systemClock,
      planFor: (accountId) => ({
        accountId,
        locationId: "main",
        policy: { ...showEverything, bufferUnits: 1 },
        guards,
        ...times,
      }),
      connectorFor: () => undefined,
      wake: (name, payload) => void woken.push(`${name} ${JSON.stringify(payload)}`),
    }),
  }));
  await web.deps.ledger.submit({
    kind: "receive",
    key: "r",
    sku: Sku.parse("MUG BLUE/1"),
    locationId: LocationId.parse("main"),
    units: 9,
    reason: null,
    actor: "test",
    occurredAt: "2026-03-01T00:00:00Z",
  });
  const { pool } = web.deps.db;
  await pool.query(
    "insert into listing (account_id, ref, channel_sku, title, fulfilled_by, status, first_seen_at, last_seen_at) values ('shop-de', 'gid://1', 'MUG BLUE/1', '<b>Mug</b>', 'merchant', 'active', now(), now())",
  );
  await pool.query("insert into listing_link select id, 'MUG BLUE/1', 1, 'test', now() from listing");
  await pool.query(
    "insert into push_target (listing_id, account_id, listing_ref, shown_units, shown_at, shown_since, owed_since) select id, 'shop-de', ref, 8, now(), now(), now() from listing",
  );
  await pool.query(
    "insert into observation (listing_id, units, read_how, observed_at) select id, 8, 'import', now() from listing",
  );
  reader = await web.keyWith("inventory:read");
  writer = await web.keyWith("inventory:write");
});
afterAll(() => web.database.drop());

type Body = {
  readonly listings: readonly [{ readonly sentence: string; readonly stock: unknown }];
  readonly hold: { readonly id: number; readonly endedAt: string | null };
  readonly holds: readonly unknown[];
  readonly entries: readonly { readonly text: string }[];
  readonly errors: readonly [{ readonly field: string }];
};
const answerOf = async (response: Response) => ({ status: response.status, body: (await response.json()) as Body });
const get = async (path: string) =>
  answerOf(await web.app.request(path, { headers: { authorization: `Bearer ${reader}` } }));
const post = async (path: string, body: unknown, key: string) => {
  const headers = { authorization: `Bearer ${writer}`, "content-type": "application/json", "idempotency-key": key };
  return answerOf(await web.app.request(path, { method: "POST", body: JSON.stringify(body), headers }));
};
const mug = encodeURIComponent("MUG BLUE/1");

test("the API explains a SKU's listings, and terms and sentence agree", async () => {
  const { status, body } = await get(`/v1/explain?sku=${mug}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    sku: "MUG BLUE/1",
    listings: [{ account: "shop-de", listing: "gid://1", shows: { units: 8 }, reproduced: true, wanted: { units: 8 } }],
  });
  expect(body.listings[0].sentence).toContain("buffer 1 → 8");
  expect(body.listings[0].stock).toMatchObject([
    { location: "main", onHand: 9, movement: expect.stringMatching(/^\d+$/) },
  ]);
});

test.each([
  ["/v1/explain", 422],
  ["/v1/explain?listing=gid://1", 422],
  ["/v1/explain?sku=A&at=yesterday", 422],
  ["/v1/explain?sku=NONE", 404],
  ["/v1/explain?account=shop-de&listing=nope", 404],
  ["/v1/timeline?sku=A&order=B", 422],
  ["/v1/timeline?listing=A", 422],
  ["/v1/timeline?order=nope", 404],
  [`/v1/timeline?sku=${mug}&limit=501`, 422],
  ["/v1/holds?state=over", 422],
])("%s is answered %i", async (path, status) => {
  expect((await get(path)).status).toBe(status);
});

test("a hold is made once a key, reaches its listings, wakes their account, is on record, and ends once", async () => {
  const body = { kind: "zero", scope: "listing", account: "shop-de", listing: "gid://1", reason: "recall" };
  const made = await post("/v1/holds", body, "h-1");
  expect(made).toMatchObject({
    status: 201,
    body: { hold: { kind: "zero", listing: "gid://1" }, listings: 1, notLive: [] },
  });
  expect(woken).toContain('push-account {"accountId":"shop-de"}');
  expect(await post("/v1/holds", body, "h-1")).toEqual(made);
  expect((await post("/v1/holds", { ...body, kind: "freeze" }, "h-1")).status).toBe(422);
  const { id } = made.body.hold;
  expect((await get("/v1/holds")).body.holds).toMatchObject([{ id, endedAt: null }]);
  expect((await get(`/v1/explain?sku=${mug}`)).body.listings[0]).toMatchObject({
    wanted: { units: 0 },
    holds: [{ id, kind: "zero" }],
  });
  const ended = await post(`/v1/holds/${id}/end`, {}, "e-1");
  expect(ended).toMatchObject({ status: 200, body: { hold: { id, endedBy: expect.stringMatching(/^api:/) } } });
  expect((await post(`/v1/holds/${id}/end`, {}, "e-2")).body.hold.endedAt).toBe(ended.body.hold.endedAt);
  expect((await get("/v1/holds")).body.holds).toEqual([]);
  expect((await get("/v1/holds?state=all")).body.holds).toHaveLength(1);
  const actions = (await latestAudit(web.deps.db, 10)).map(({ action }) => action);
  expect(actions).toEqual(expect.arrayContaining(["hold.add", "hold.end"]));
});

test.each([
  [{ kind: "zero", scope: "sku", reason: "x" }, "sku"],
  [{ kind: "zero", scope: "everything", sku: "A", reason: "x" }, "sku"],
  [{ kind: "zero", scope: "listing", account: "shop-de", reason: "x" }, "listing"],
  [{ kind: "zero", scope: "sku", sku: "NONE", reason: "x" }, "sku"],
  [{ kind: "zero", scope: "account", account: "nobody", reason: "x" }, "account"],
  [{ kind: "zero", scope: "everything", reason: "x", expiresAt: "2020-01-01T00:00:00Z" }, "expiresAt"],
])("a hold that cannot be is refused with its field: %o", async (body, field) => {
  const answer = await post(
    "/v1/holds",
    body,
    `bad-${JSON.stringify(body).length}-${field}-${body.scope}`.replaceAll(" ", ""),
  );
  expect([answer.status, answer.body.errors[0].field]).toEqual([422, field]);
});

test("the timeline over the API has the hold's beginning and end", async () => {
  const { body } = await get("/v1/timeline?listing=gid://1&account=shop-de");
  const texts = body.entries.map(({ text }) => text);
  expect(texts[0]).toMatch(/^hold \d+ on gid:\/\/1 ended by api:/);
  expect(texts.at(-1)).toContain("receipt of MUG BLUE/1 at main: +9 on hand");
});

const login = async (name: string, password: string): Promise<string> => {
  const form = await web.app.request("/login");
  const cookies = (response: Response): string =>
    response.headers
      .getSetCookie()
      .map((cookie) => cookie.split(";")[0] ?? "")
      .filter((cookie) => !cookie.endsWith("="))
      .join("; ");
  const token = /name="token" value="([^"]+)"/.exec(await form.text())?.[1] ?? "";
  const response = await web.app.request(
    "/login",
    {
      method: "POST",
      body: new URLSearchParams({ name, password, next: "/console", token }).toString(),
      headers: { cookie: cookies(form), "content-type": "application/x-www-form-urlencoded" },
    },
    { incoming: { socket: { remoteAddress: "10.1.1.1" } } },
  );
  return cookies(response);
};

test("the console explains and tells the story, escaped, and only behind the login", async () => {
  expect((await web.app.request(`/console/explain?sku=${mug}`)).status).toBe(401);
  const cookie = await login("sam", "support's password");
  const explained = await (await web.app.request(`/console/explain?sku=${mug}`, { headers: { cookie } })).text();
  expect(explained).toContain("buffer 1 → 8");
  expect(explained).toContain("&lt;b&gt;Mug&lt;/b&gt;");
  expect(explained).not.toContain("<b>Mug");
  const story = await web.app.request(`/console/timeline?of=sku&name=${mug}`, { headers: { cookie } });
  expect(await story.text()).toContain("receipt of MUG BLUE/1");
  expect((await web.app.request("/console/explain?sku=NONE", { headers: { cookie } })).status).toBe(404);
});

test("an operator holds and lets go in the console; support may only look", async () => {
  const [operator, support] = [await login("olga", "operator's password"), await login("sam", "support's password")];
  const pageOf = async (cookie: string) => (await web.app.request("/console/holds", { headers: { cookie } })).text();
  const tokenOf = (page: string): string => /name="token" value="([^"]+)"/.exec(page)?.[1] ?? "";
  const form = { kind: "freeze", scope: "sku", sku: "MUG BLUE/1", reason: "photo shoot", minutes: "5" };
  const send = (path: string, cookie: string, fields: Record<string, string>) =>
    web.app.request(path, { method: "POST", body: new URLSearchParams(fields).toString(), headers: { cookie } });
  const token = tokenOf(await pageOf(operator));
  expect((await send("/console/holds", support, { ...form, token: tokenOf(await pageOf(support)) })).status).toBe(403);
  expect((await send("/console/holds", operator, { ...form, token: "x" })).status).toBe(403);
  expect((await send("/console/holds", operator, { ...form, sku: "NONE", token })).status).toBe(422);
  expect((await send("/console/holds", operator, { ...form, token })).status).toBe(303);
  const page = await pageOf(operator);
  expect(page).toContain("photo shoot");
  const path = /action="(\/console\/holds\/\d+\/end)"/.exec(page)?.[1] ?? "";
  expect(await pageOf(support)).not.toContain(path);
  expect((await send(path, support, { token: tokenOf(await pageOf(support)) })).status).toBe(403);
  expect((await send(path, operator, { token })).status).toBe(303);
  expect(await pageOf(operator)).toContain("Nothing is held");
  expect((await latestAudit(web.deps.db, 20)).map(({ action }) => action)).toContain("hold.denied");
});
