import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createWebApp } from "../../../src/api/app.ts";
import { execute, sql } from "../../../src/db/sql.ts";
import { inTransaction } from "../../../src/db/transaction.ts";
import { checkLedger } from "../../../src/ledger/check.ts";
import { LedgerBusyError } from "../../../src/ledger/lane.ts";
import { setLinks } from "../../../src/mapping/links.ts";
import { upsertListings } from "../../../src/mapping/listings.ts";
import { startWeb, type Web } from "./web.ts";

let web: Web;
let key: string;

beforeAll(async () => {
  web = await startWeb();
  key = await web.keyWith("inventory:read", "inventory:write");
});
afterAll(async () => {
  const broken = (await checkLedger(web.deps.db)).filter((check) => check.subjects.length > 0);
  await web.database.drop();
  expect(broken).toEqual([]);
});

const get = async (path: string): Promise<Response> =>
  web.app.request(path, { headers: { authorization: `Bearer ${key}` } });
const post = async (path: string, body: unknown, idempotencyKey = "", app = web.app): Promise<Response> =>
  app.request(path, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      ...(idempotencyKey === "" ? {} : { "idempotency-key": idempotencyKey }),
    },
  });
const stock = async (sku: string, units: number, location = "main"): Promise<unknown> =>
  post("/v1/inventory/receive", { lines: [{ sku, location, units }] }, `stock-${sku}-${location}`);
const figuresOf = async (sku: string): Promise<readonly number[]> => {
  const { totals } = z
    .object({ totals: z.object({ onHand: z.number(), reserved: z.number(), available: z.number() }) })
    .parse(await (await get(`/v1/inventory/${sku}`)).json());
  return [totals.onHand, totals.reserved, totals.available];
};
const line = (sku: string, units: number): object => ({ sku, location: "main", units });
const reserve = (body: object, idempotencyKey: string): Promise<Response> =>
  post("/v1/inventory/reserve", body, idempotencyKey);
const problemOf = async (response: Response): Promise<readonly unknown[]> => {
  const problem = z
    .object({
      type: z.string(),
      errors: z.array(z.object({ field: z.string(), problem: z.string(), fix: z.string() })),
    })
    .parse(await response.json());
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  for (const error of problem.errors) expect([error.problem, error.fix]).not.toContain("");
  return [response.status, problem.type.replace("urn:lockstep:problem:", ""), problem.errors[0]?.field];
};

test("several SKUs are reserved as one, part of them leaves, the rest comes back", async () => {
  await stock("CUP", 10);
  await stock("LID", 4);
  const made = await reserve(
    { id: "cart-1", lines: [line("CUP", 3), line("LID", 2)], ttlMs: 60_000, reference: "cart 1" },
    "several",
  );
  expect([made.status, made.headers.get("location")]).toEqual([201, "/v1/reservations/cart-1"]);
  expect(await made.json()).toMatchObject({
    id: "cart-1",
    state: "held",
    expiresAt: expect.stringMatching(/Z$/),
    lines: [
      { sku: "CUP", location: "main", askedUnits: 3, heldUnits: 3, openUnits: 3 },
      { sku: "LID", heldUnits: 2 },
    ],
  });
  expect([await figuresOf("CUP"), await figuresOf("LID")]).toEqual([
    [10, 3, 7],
    [4, 2, 2],
  ]);
  const part = await post("/v1/reservations/cart-1/commit", { lines: [line("CUP", 2)] }, "several-commit");
  expect(await part.json()).toMatchObject({ state: "held", lines: [{ committedUnits: 2, openUnits: 1 }, {}] });
  const rest = await post("/v1/reservations/cart-1/release", {}, "several-release");
  expect(await rest.json()).toMatchObject({ state: "committed", lines: [{ releasedUnits: 1 }, { releasedUnits: 2 }] });
  expect([await figuresOf("CUP"), await figuresOf("LID")]).toEqual([
    [8, 0, 8],
    [4, 0, 4],
  ]);
  expect(await (await get("/v1/reservations/cart-1")).json()).toMatchObject({
    id: "cart-1",
    state: "committed",
    reference: "cart 1",
    actor: "api:test 2",
    lines: [{ sku: "CUP", committedUnits: 2, releasedUnits: 1, openUnits: 0 }, { sku: "LID" }],
  });
});

test("all means all or nothing, partial means as much as there is", async () => {
  await stock("FEW", 2);
  await stock("MANY", 9);
  const lines = [line("MANY", 1), line("FEW", 3)];
  expect(await problemOf(await reserve({ lines }, "all"))).toEqual([422, "insufficient-stock", "lines[1].units"]);
  expect(await figuresOf("MANY")).toEqual([9, 0, 9]);
  const made = await reserve({ lines, mode: "partial" }, "partial");
  expect(await made.json()).toMatchObject({ lines: [{ heldUnits: 1 }, { askedUnits: 3, heldUnits: 2 }] });
  expect(await figuresOf("FEW")).toEqual([2, 2, 0]);
});

test("a repeated request gets the same bytes and status, also when refused, and does nothing twice", async () => {
  await stock("TWICE", 5);
  const requests: readonly (readonly [string, object, string])[] = [
    ["/v1/inventory/reserve", { lines: [line("TWICE", 2)] }, "twice-1"],
    ["/v1/inventory/reserve", { lines: [line("TWICE", 9)] }, "twice-2"],
    ["/v1/inventory/reserve", { id: "twice", lines: [line("TWICE", 1)], ttlMs: null }, "twice-3"],
    ["/v1/reservations/twice/extend", { ttlMs: 60_000 }, "twice-4"],
    ["/v1/reservations/twice/commit", {}, "twice-5"],
    ["/v1/reservations/twice/release", {}, "twice-6"],
  ];
  for (const [path, body, name] of requests) {
    const seen = new Set<string>();
    const send = async (): Promise<unknown> => {
      const response = await post(path, body, name);
      return seen.add(`${response.status} ${await response.text()}`);
    };
    await Promise.all(Array.from({ length: 10 }, send));
    await send();
    expect([name, seen.size]).toEqual([name, 1]);
  }
  expect(await figuresOf("TWICE")).toEqual([4, 2, 2]);
});

test("a key stands for one body, for ever", async () => {
  await stock("KEY", 5);
  await reserve({ id: "key-1", lines: [line("KEY", 1)] }, "key");
  for (const body of [
    { id: "key-1", lines: [line("KEY", 2)] },
    { id: "key-2", lines: [line("KEY", 1)] },
    { id: "key-1", lines: [line("KEY", 1)], ttlMs: 5_000 },
  ]) {
    expect(await problemOf(await reserve(body, "key"))).toEqual([422, "key-reused", "Idempotency-Key"]);
  }
  await post("/v1/reservations/key-1/commit", { lines: [line("KEY", 1)] }, "key");
  expect(await problemOf(await post("/v1/reservations/key-2/commit", {}, "key"))).toEqual([
    422,
    "key-reused",
    "Idempotency-Key",
  ]);
  expect(await figuresOf("KEY")).toEqual([4, 0, 4]);
});

test("a hundred callers of the last ten units get ten", async () => {
  await stock("HOT", 10);
  const made = await Promise.all(
    Array.from({ length: 100 }, (_, index) => reserve({ lines: [line("HOT", 1)] }, `hot-${index}`)),
  );
  expect(made.filter((response) => response.status === 201)).toHaveLength(10);
  expect(await figuresOf("HOT")).toEqual([10, 10, 0]);
});

test("what the ledger refuses is a problem of a stable type that names the field", async () => {
  await stock("BAD", 5);
  const good = line("BAD", 1);
  const refused = async (body: object, name: string): Promise<unknown> => problemOf(await reserve(body, name));
  expect(await refused({ lines: [good, line("NO-SUCH", 1)] }, "bad-1")).toEqual([404, "unknown-sku", "lines[1].sku"]);
  expect(await refused({ lines: [{ ...good, location: "moon" }] }, "bad-2")).toEqual([
    422,
    "unknown-location",
    "lines[0].location",
  ]);
  expect(await refused({ lines: [good, good] }, "bad-3")).toEqual([422, "duplicate-line", "lines[1].sku"]);
  for (const [index, ttlMs] of [0, 999, 7_776_000_001, -5].entries())
    expect(await refused({ lines: [good], ttlMs }, `bad-ttl-${index}`)).toEqual([422, "ttl-out-of-range", "ttlMs"]);
  await reserve({ id: "bad", lines: [good] }, "bad-4");
  expect(await refused({ id: "bad", lines: [good] }, "bad-5")).toEqual([409, "reservation-exists", "id"]);
  const over = await post("/v1/reservations/bad/commit", { lines: [line("BAD", 2)] }, "bad-6");
  expect(await problemOf(over)).toEqual([422, "units-over-reserved", "lines[0].units"]);
  await post("/v1/reservations/bad/commit", {}, "bad-7");
  for (const [index, verb] of ["commit", "release", "extend"].entries()) {
    const body = verb === "extend" ? { ttlMs: 5_000 } : {};
    const again = await post(`/v1/reservations/bad/${verb}`, body, `bad-8-${index}`);
    expect(await problemOf(again)).toEqual([409, "reservation-closed", "id"]);
    const missing = await post(`/v1/reservations/none/${verb}`, body, `bad-9-${index}`);
    expect(await problemOf(missing)).toEqual([404, "unknown-reservation", "id"]);
  }
  expect((await get("/v1/reservations/none")).status).toBe(404);
  expect(await figuresOf("BAD")).toEqual([4, 0, 4]);
});

test("after its time a reservation can be neither committed nor extended", async () => {
  await stock("LATE", 5);
  await reserve({ id: "late", lines: [line("LATE", 1)], ttlMs: 60_000 }, "late");
  await execute(
    web.deps.db,
    sql`update reservation set expires_at = expires_at - interval '70 seconds' where id = 'late'`,
  );
  expect(await problemOf(await post("/v1/reservations/late/commit", {}, "late-1"))).toEqual([
    409,
    "reservation-expired",
    "id",
  ]);
  expect(await problemOf(await post("/v1/reservations/late/extend", { ttlMs: 9_000 }, "late-2"))).toEqual([
    409,
    "reservation-expired",
    "id",
  ]);
  expect(await figuresOf("LATE")).toEqual([5, 1, 4]);
});

test("a kit reserves its components whole or not at all, and keeps its answer when it is linked anew", async () => {
  await stock("MUG", 7);
  await stock("BOX", 2);
  const { db } = web.deps;
  const kit = await inTransaction(db, async (tx) => {
    const base = { details: {}, channelSku: null, title: null, fulfilledBy: "merchant", status: "active" } as const;
    const ids = await upsertListings(
      tx,
      "shop-de",
      [
        { ...base, ref: "kit", aliases: ["gift set"] },
        { ...base, ref: "loose", aliases: [] },
      ],
      "2026-01-01T00:00:00Z",
    );
    const id = ids.get("kit") ?? 0;
    await setLinks(
      tx,
      id,
      [
        { sku: "MUG", units: 2 },
        { sku: "BOX", units: 1 },
      ],
      "test",
      "2026-01-01T00:00:00Z",
    );
    return id;
  });
  const of = (ref: string, units: number): object => ({
    listing: { account: "shop-de", ref },
    location: "main",
    units,
  });
  const body = { id: "kits", lines: [of("kit", 1), of("gift set", 1), line("MUG", 1)] };
  const made = await (await reserve(body, "kit-1")).text();
  expect(JSON.parse(made)).toMatchObject({
    lines: [
      { sku: "BOX", heldUnits: 2 },
      { sku: "MUG", heldUnits: 5 },
    ],
  });
  expect(await problemOf(await reserve({ lines: [of("kit", 1)] }, "kit-2"))).toEqual([
    422,
    "insufficient-stock",
    "lines",
  ]);
  expect([await figuresOf("MUG"), await figuresOf("BOX")]).toEqual([
    [7, 5, 2],
    [2, 2, 0],
  ]);
  await inTransaction(db, (tx) => setLinks(tx, kit, [{ sku: "MUG", units: 1 }], "test", "2026-01-02T00:00:00Z"));
  expect(await (await reserve(body, "kit-1")).text()).toBe(made);
  expect(await problemOf(await reserve({ ...body, id: "other" }, "kit-1"))).toEqual([
    422,
    "key-reused",
    "Idempotency-Key",
  ]);
  for (const ref of ["loose", "none"])
    expect(await problemOf(await reserve({ lines: [line("MUG", 1), of(ref, 1)] }, `kit-${ref}`))).toEqual([
      422,
      "unmapped-listing",
      "lines[1].listing",
    ]);
  expect(await problemOf(await reserve({ lines: [of("kit", 1)], mode: "partial" }, "kit-3"))).toEqual([
    422,
    "invalid-request",
    "mode",
  ]);
});

test("reservations are listed by state and SKU in pages that join", async () => {
  await stock("LIST", 9);
  for (const id of ["list-c", "list-a", "list-b"]) await reserve({ id, lines: [line("LIST", 1)] }, id);
  await post("/v1/reservations/list-b/release", {}, "list-b");
  const Page = z.object({ reservations: z.array(z.object({ id: z.string() })), next: z.string().nullable() });
  const page = async (search: string): Promise<readonly unknown[]> => {
    const { reservations, next } = Page.parse(await (await get(`/v1/reservations${search}`)).json());
    return [reservations.map((one) => one.id), next];
  };
  expect(await page("?sku=LIST")).toEqual([["list-a", "list-b", "list-c"], null]);
  expect(await page("?sku=LIST&state=held")).toEqual([["list-a", "list-c"], null]);
  expect(await page("?sku=LIST&limit=2")).toEqual([["list-a", "list-b"], "list-b"]);
  expect(await page("?sku=LIST&limit=2&after=list-b")).toEqual([["list-c"], null]);
  expect(await page("?sku=NOBODY")).toEqual([[], null]);
  for (const bad of ["?state=open", "?limit=0", "?limit=201", "?sku=", "?color=red", "?after=%20"])
    expect([bad, (await get(`/v1/reservations${bad}`)).status]).toEqual([bad, 422]);
});

test("a full ledger answers busy, and the same request works later", async () => {
  await stock("BUSY", 5);
  const full = createWebApp({
    ...web.deps,
    ledger: { ...web.deps.ledger, submit: () => Promise.reject(new LedgerBusyError()) },
  });
  const body = { lines: [line("BUSY", 1)] };
  const busy = await post("/v1/inventory/reserve", body, "busy", full);
  expect([busy.status, busy.headers.get("retry-after")]).toEqual([503, "1"]);
  expect((await post("/v1/inventory/reserve", body, "busy")).status).toBe(201);
});
