import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createApiKey, findApiKey, listApiKeys, revokeApiKey } from "../../../src/access/api-keys.ts";
import { latestAudit } from "../../../src/access/audit.ts";
import { createWebApp } from "../../../src/api/app.ts";
import { sha256Hex } from "../../../src/core/digest.ts";
import { query, sql } from "../../../src/db/sql.ts";
import { LedgerBusyError } from "../../../src/ledger/lane.ts";
import { startWeb, type Web } from "./web.ts";

let web: Web;
let key: string;

beforeAll(async () => {
  web = await startWeb();
  key = await web.keyWith("inventory:read", "inventory:write");
});
afterAll(async () => web.database.drop());

const get = (path: string, app = web.app): Promise<Response> =>
  Promise.resolve(app.request(path, { headers: { authorization: `Bearer ${key}` } }));
const post = async (path: string, body: unknown, idempotencyKey = "", app = web.app): Promise<Response> =>
  app.request(path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      ...(idempotencyKey === "" ? {} : { "idempotency-key": idempotencyKey }),
    },
  });
const receive = (sku: string, units: number, idempotencyKey: string, location = "main"): Promise<Response> =>
  post("/v1/inventory/receive", { lines: [{ sku, location, units }] }, idempotencyKey);
const onHand = async (sku: string): Promise<number> =>
  z
    .object({ totals: z.object({ onHand: z.number() }) })
    .parse(await (await get(`/v1/inventory/${encodeURIComponent(sku)}`)).json()).totals.onHand;

test("units received at two locations are read back with levels and totals", async () => {
  await receive("TWO", 5, "two-1", "main");
  await receive("TWO", 3, "two-2", "shop");
  const response = await get("/v1/inventory/TWO");
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    sku: "TWO",
    levels: [
      { location: "main", onHand: 5, reserved: 0, incoming: 0, available: 5, version: 1 },
      { location: "shop", onHand: 3, available: 3 },
    ],
    totals: { onHand: 8, reserved: 0, incoming: 0, available: 8 },
  });
  expect(web.woken).toContain("outbox");
});

test("a SKU in the path is decoded once and kept byte for byte", async () => {
  const skus = [" a", "a ", "A/B", "100%", "%41", "ä", "a\u0308", "a+b", "a?b#c", "\u{1F600}", "a\nb", "query"];
  for (const [index, sku] of skus.entries()) expect((await receive(sku, index + 1, `bytes-${index}`)).status).toBe(200);
  for (const [index, sku] of skus.entries()) expect([sku, await onHand(sku)]).toEqual([sku, index + 1]);
  expect((await get("/v1/inventory/a")).status).toBe(404);
  expect((await get("/v1/inventory/%ZZ")).status).toBe(422);
  expect((await get("/v1/inventory/%FF")).status).toBe(422);
});

test("an unknown SKU is a problem of a stable type", async () => {
  const response = await get("/v1/inventory/nobody-knows");
  expect(response.status).toBe(404);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ type: "urn:lockstep:problem:unknown-sku", status: 404 });
});

test("a bulk query tells known from unknown, each once", async () => {
  await receive("BULK", 1, "bulk");
  const response = await post("/v1/inventory/query", { skus: ["BULK", "NONE", "BULK"] });
  const body = z
    .object({ inventory: z.array(z.object({ sku: z.string() })), unknown: z.array(z.string()) })
    .parse(await response.json());
  expect(body.inventory.map((one) => one.sku)).toEqual(["BULK"]);
  expect(body.unknown).toEqual(["NONE"]);
});

test("lines are applied in their order and each gets its own answer", async () => {
  await receive("LINES", 2, "lines-0");
  const line = { sku: "LINES", location: "main", reason: "counted" };
  const response = await post(
    "/v1/inventory/adjust",
    {
      lines: [
        { ...line, units: -5 },
        { ...line, units: 4 },
        { ...line, units: -5 },
        { ...line, units: 1, location: "moon" },
        { ...line, units: 1, sku: "NEVER-SEEN" },
      ],
    },
    "lines-1",
  );
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    results: [
      {
        line: 0,
        status: "refused",
        problem: { type: "urn:lockstep:problem:insufficient-stock", field: "lines[0].units" },
      },
      { line: 1, status: "done", level: { onHand: 6 } },
      { line: 2, status: "done", level: { onHand: 1 } },
      {
        line: 3,
        status: "refused",
        problem: { type: "urn:lockstep:problem:unknown-location", field: "lines[3].location" },
      },
      { line: 4, status: "refused", problem: { type: "urn:lockstep:problem:unknown-sku", field: "lines[4].sku" } },
    ],
  });
  expect(await onHand("LINES")).toBe(1);
});

test("the same request again, also fifty times at once, moves stock once and gets the same answer", async () => {
  const send = async (): Promise<string> => (await receive("ONCE", 7, "once")).text();
  const answers = await Promise.all(Array.from({ length: 50 }, send));
  expect(new Set(answers).size).toBe(1);
  expect(await send()).toBe(answers[0]);
  expect(await onHand("ONCE")).toBe(7);
});

test("a key used for another body is refused whole: changed, shortened or lengthened", async () => {
  const line = (units: number): object => ({ sku: "REUSE", location: "main", units });
  const path = "/v1/inventory/receive";
  expect((await post(path, { lines: [line(1), line(2)] }, "reuse")).status).toBe(200);
  for (const lines of [[line(1), line(3)], [line(1)], [line(1), line(2), line(4)], [line(2), line(1)]]) {
    const response = await post(path, { lines }, "reuse");
    expect([response.status, await response.json()]).toMatchObject([422, { type: "urn:lockstep:problem:key-reused" }]);
  }
  expect(await onHand("REUSE")).toBe(3);
});

test("two bodies that race for one key: one wins whole, the other changes nothing", async () => {
  const responses = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      post("/v1/inventory/receive", { lines: [{ sku: `RACE-${index}`, location: "main", units: 1 }] }, "race"),
    ),
  );
  expect(responses.map((response) => response.status).toSorted((a, b) => a - b)).toEqual([
    200,
    ...Array.from({ length: 9 }, () => 422),
  ]);
  const rows = await query(
    web.deps.db,
    z.object({ sku: z.string() }),
    sql`select sku from movement where sku like 'RACE-%'`,
  );
  expect(rows).toHaveLength(1);
});

test("the same Idempotency-Key of another API key or route is another key", async () => {
  const other = await web.keyWith("inventory:write");
  const body = { lines: [{ sku: "SCOPE", location: "main", units: 1, reason: "x" }] };
  await post("/v1/inventory/receive", body, "shared");
  expect((await post("/v1/inventory/adjust", body, "shared")).status).toBe(200);
  await web.app.request("/v1/inventory/receive", {
    method: "POST",
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${other}`, "content-type": "application/json", "idempotency-key": "shared" },
  });
  expect(await onHand("SCOPE")).toBe(3);
});

test("a request that broke off half-way is finished by its repetition, without doing anything twice", async () => {
  const lines = Array.from({ length: 4 }, (_, index) => ({ sku: `HALF-${index}`, location: "main", units: 1 }));
  let left = 2;
  const failing = createWebApp({
    ...web.deps,
    ledger: {
      ...web.deps.ledger,
      submit: (command) => {
        left -= 1;
        return left < 0 ? Promise.reject(new LedgerBusyError()) : web.deps.ledger.submit(command);
      },
    },
  });
  const broken = await post("/v1/inventory/receive", { lines }, "half", failing);
  expect([broken.status, broken.headers.get("retry-after")]).toEqual([503, "1"]);
  const finished = await post("/v1/inventory/receive", { lines }, "half");
  expect(finished.status).toBe(200);
  const rows = await query(
    web.deps.db,
    z.object({ sku: z.string() }),
    sql`select sku from movement where sku like 'HALF-%' order by sku`,
  );
  expect(rows.map((row) => row.sku)).toEqual(["HALF-0", "HALF-1", "HALF-2", "HALF-3"]);
});

test("when it happened is kept beside when we learned it, and may not lie ahead", async () => {
  const body = (occurredAt: string): object => ({ lines: [{ sku: "TIME", location: "main", units: 1, occurredAt }] });
  expect((await post("/v1/inventory/receive", body("2026-01-02T03:04:05+02:00"), "time-1")).status).toBe(200);
  expect((await post("/v1/inventory/receive", body("2999-01-01T00:00:00Z"), "time-2")).status).toBe(422);
  expect((await post("/v1/inventory/receive", body("yesterday"), "time-3")).status).toBe(422);
  const page = await (await get("/v1/movements?sku=TIME")).json();
  expect(page).toMatchObject({
    movements: [{ occurredAt: "2026-01-02T01:04:05.000Z", kind: "receipt", change: { onHand: 1 } }],
    next: null,
  });
});

test("movements come newest first in pages that join without gap or overlap", async () => {
  for (let index = 0; index < 5; index += 1) await receive("PAGES", index + 1, `pages-${index}`);
  const Page = z.object({
    movements: z.array(z.object({ version: z.number(), actor: z.string() })),
    next: z.string().nullable(),
  });
  const seen: number[] = [];
  let next: string | null = "";
  while (next !== null) {
    const page: z.infer<typeof Page> = Page.parse(
      await (await get(`/v1/movements?sku=PAGES&limit=2${next === "" ? "" : `&before=${next}`}`)).json(),
    );
    seen.push(...page.movements.map((movement) => movement.version));
    next = page.next;
  }
  expect(seen).toEqual([5, 4, 3, 2, 1]);
  for (const bad of [
    "",
    "?sku=",
    "?sku=A&limit=0",
    "?sku=A&limit=201",
    "?sku=A&before=x",
    "?sku=A&color=red",
    "?sku=A&sku=B",
  ]) {
    expect([bad, (await get(`/v1/movements${bad}`)).status]).toEqual([bad, 422]);
  }
});

test("only a hash of a key is kept; it works until revoked, and both are on record", async () => {
  const { db, clock } = web.deps;
  const made = await createApiKey(
    { db, clock, random: randomBytes },
    { name: "till", scopes: ["inventory:read"], actor: "cli:root" },
  );
  expect(await findApiKey(db, sha256Hex(made.text))).toEqual(made.key);
  const dump = await query(
    db,
    z.object({ row: z.string() }),
    sql`select k::text as row from api_key k union all select a::text from audit_entry a`,
  );
  const secret = made.text.split("_")[2] ?? "";
  expect(secret).toHaveLength(48);
  expect(dump.some((one) => one.row.includes(secret))).toBe(false);
  expect(await revokeApiKey({ db, clock }, { prefix: made.key.prefix, actor: "cli:root" })).toBe(true);
  expect(await revokeApiKey({ db, clock }, { prefix: made.key.prefix, actor: "cli:root" })).toBe(false);
  expect(await findApiKey(db, sha256Hex(made.text))).toBeUndefined();
  expect((await listApiKeys(db)).find((one) => one.prefix === made.key.prefix)?.revokedAt).toMatch(/Z$/);
  const actions = (await latestAudit(db, 2)).map((entry) => [entry.actor, entry.action, entry.subject]);
  expect(actions).toEqual([
    ["cli:root", "api-key.revoke", made.key.prefix],
    ["cli:root", "api-key.create", made.key.prefix],
  ]);
});

test("a key with an unknown scope or a bad name is not made", async () => {
  const { db, clock } = web.deps;
  const make = (name: string, scopes: readonly string[]): Promise<unknown> =>
    createApiKey({ db, clock, random: randomBytes }, { name, scopes, actor: "t" });
  await expect(make("ok", ["inventory:all"])).rejects.toThrow();
  await expect(make("ok", [])).rejects.toThrow("at least one scope");
  await expect(make("a\nb", ["inventory:read"])).rejects.toThrow();
});

test("while the database is away nobody is let in, and callers are asked to come back", async () => {
  const down = {
    ...web.deps.db,
    pool: { query: () => Promise.reject(Object.assign(new Error("connect"), { code: "ECONNREFUSED" })) },
  };
  const response = await get("/v1/movements?sku=A", createWebApp({ ...web.deps, db: down as never }));
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("5");
});

test("the API's own description, health and the way home are public", async () => {
  expect(await (await web.app.request("/openapi.json")).json()).toMatchObject({ openapi: "3.1.0" });
  expect(await (await web.app.request("/health")).json()).toEqual({
    status: "ok",
    checks: [{ name: "database", ok: true }],
  });
  expect((await web.app.request("/")).headers.get("location")).toBe("/console");
  const missing = await web.app.request("/wp-admin.php");
  expect([missing.status, missing.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
});
