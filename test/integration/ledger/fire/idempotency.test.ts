import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWebApp } from "../../../../src/api/app.ts";
import { systemRandom } from "../../../../src/core/random.ts";
import { checkLedger } from "../../../../src/ledger/check.ts";
import { createLedger } from "../../../../src/ledger/ledger.ts";
import { reopenTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { startWeb, type Web } from "../../web/web.ts";

const callers = 200;

let web: Web;
let other: TestDatabase;
let apiKey: string;
/** Two servers over one database, as two processes would be: each with lanes and connections of its own. */
let apps: readonly Web["app"][];
/** The same two, less patient. */
let hastyApps: readonly Web["app"][];

beforeAll(async () => {
  web = await startWeb();
  other = reopenTestDatabase(web.database.url);
  const { clock } = web.deps;
  const ledger = createLedger({ db: other.db, clock, random: systemRandom, afterCommit: () => undefined });
  const second = { ...web.deps, db: other.db, ledger };
  // Patient beyond any busy machine: here nobody is to be told that it takes long.
  apps = [web.deps, second].map((deps) => createWebApp({ ...deps, answerMsMax: 60_000 }));
  hastyApps = [web.deps, second].map((deps) => createWebApp({ ...deps, answerMsMax: 250 }));
  apiKey = await web.keyWith("inventory:read", "inventory:write");
});
afterAll(async () => {
  const broken = (await checkLedger(web.deps.db)).filter((check) => check.subjects.length > 0);
  await other.db.close();
  await web.database.drop();
  expect(broken).toEqual([]);
});

type Asked = { readonly path: string; readonly body: object; readonly key?: string };
type Given = {
  readonly status: number;
  readonly text: string;
  readonly type: string;
  readonly retryAfter: string | null;
};

const ask = async (app: Web["app"] | undefined, { path, body, key }: Asked): Promise<Given> => {
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const response = await (app ?? web.app).request(path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: key === undefined ? headers : { ...headers, "idempotency-key": key },
  });
  const text = await response.text();
  const type = (JSON.parse(text) as { type?: string }).type?.replace("urn:lockstep:problem:", "") ?? "";
  return { status: response.status, text, type, retryAfter: response.headers.get("retry-after") };
};

/** At once, from both servers in turn; `bodyOf` may make each one's body another. */
const askAll = (on: readonly Web["app"][], asked: (index: number) => Asked): Promise<readonly Given[]> =>
  Promise.all(Array.from({ length: callers }, (_, index) => ask(on[index % on.length], asked(index))));

const movementsOf = async (sku: string): Promise<number> =>
  (await web.deps.db.pool.query("select from movement where sku = $1", [sku])).rowCount ?? 0;

const stockUp = async (sku: string): Promise<void> => {
  const lines = [{ sku, location: "main", units: 10_000 }];
  expect((await ask(web.app, { path: "/v1/inventory/receive", body: { lines }, key: `stock-${sku}` })).status).toBe(
    200,
  );
};
const hold = async (sku: string): Promise<void> => {
  const body = { id: sku, lines: [{ sku, location: "main", units: 1_000 }], ttlMs: 60_000 };
  expect((await ask(web.app, { path: "/v1/inventory/reserve", body, key: `hold-${sku}` })).status).toBe(201);
};

type Route = {
  readonly path: (sku: string) => string;
  /** `n` from 1 on: another body. */
  readonly body: (sku: string, n: number) => object;
  readonly needsReservation?: true;
  /** Movements of one effect. */
  readonly moves: number;
};
const lines =
  (more: (n: number) => object): Route["body"] =>
  (sku, n) => ({
    lines: [{ sku, location: "main", ...more(n) }],
  });
const routes: Readonly<Record<string, Route>> = {
  receive: { path: () => "/v1/inventory/receive", body: lines((n) => ({ units: n })), moves: 1 },
  adjust: { path: () => "/v1/inventory/adjust", body: lines((n) => ({ units: -n, reason: "broken" })), moves: 1 },
  count: { path: () => "/v1/inventory/count", body: lines((n) => ({ units: n })), moves: 1 },
  expect: { path: () => "/v1/inventory/expect", body: lines((n) => ({ units: n })), moves: 1 },
  return: { path: () => "/v1/inventory/return", body: lines((n) => ({ units: n, restock: true })), moves: 1 },
  transfer: {
    path: () => "/v1/inventory/transfer",
    body: (sku, n) => ({
      lines: [{ action: "send", transferId: `${sku}-${n}`, sku, fromLocation: "main", toLocation: "shop", units: n }],
    }),
    moves: 2,
  },
  reserve: { path: () => "/v1/inventory/reserve", body: lines((n) => ({ units: n })), moves: 1 },
  commit: {
    path: (sku) => `/v1/reservations/${sku}/commit`,
    body: lines((n) => ({ units: n })),
    needsReservation: true,
    moves: 1,
  },
  release: {
    path: (sku) => `/v1/reservations/${sku}/release`,
    body: lines((n) => ({ units: n })),
    needsReservation: true,
    moves: 1,
  },
  extend: {
    path: (sku) => `/v1/reservations/${sku}/extend`,
    body: (_sku, n) => ({ ttlMs: 100_000 + n }),
    needsReservation: true,
    moves: 0,
  },
};

describe.each(Object.entries(routes))("%s, asked by 200 at once on two servers", (name, route) => {
  const prepare = async (what: string): Promise<string> => {
    const sku = `${name}-${what}`;
    await stockUp(sku);
    if (route.needsReservation === true) await hold(sku);
    return sku;
  };
  const request = (sku: string, n: number, key = `key-${sku}`): Asked => ({
    path: route.path(sku),
    body: route.body(sku, n),
    key,
  });

  test("without a key: 400, and nothing happens", async () => {
    const sku = await prepare("none");
    const before = await movementsOf(sku);
    const given = await askAll(apps, () => ({ path: route.path(sku), body: route.body(sku, 1) }));
    expect(new Set(given.map(({ status, type }) => `${status} ${type}`))).toEqual(
      new Set(["400 idempotency-key-required"]),
    );
    expect(await movementsOf(sku)).toBe(before);
  });

  test("under one key with one body: one effect, and the same bytes for all", async () => {
    const sku = await prepare("same");
    const before = await movementsOf(sku);
    const given = await askAll(apps, () => request(sku, 3));
    expect(new Set(given.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(given[0]?.status).toBeLessThan(300);
    expect(await movementsOf(sku)).toBe(before + route.moves);
  });

  test("under one key with 200 bodies: one is done, the others are refused with 422", async () => {
    const sku = await prepare("other");
    const before = await movementsOf(sku);
    const given = await askAll(apps, (index) => request(sku, index + 1));
    expect(given.filter(({ status }) => status < 300)).toHaveLength(1);
    expect(given.filter(({ status, type }) => status === 422 && type === "key-reused")).toHaveLength(callers - 1);
    expect(await movementsOf(sku)).toBe(before + route.moves);
  });

  test("while the first is held up: 409 with Retry-After; afterwards one effect, and the same bytes for all", async () => {
    const sku = await prepare("held");
    const before = await movementsOf(sku);
    const client = await web.deps.db.pool.connect();
    await client.query("begin");
    await client.query("select from stock_level where sku = $1 for update", [sku]);
    const late = await askAll(hastyApps, () => request(sku, 3));
    expect(new Set(late.map(({ status, type, retryAfter }) => `${status} ${type} ${retryAfter}`))).toEqual(
      new Set(["409 key-in-flight 2"]),
    );
    await client.query("commit");
    client.release();
    const given = await askAll(apps, () => request(sku, 3));
    expect(new Set(given.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(given[0]?.status).toBeLessThan(300);
    expect(await movementsOf(sku)).toBe(before + route.moves);
  });
});
