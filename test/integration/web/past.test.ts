import { afterAll, beforeAll, expect, test } from "vitest";
import { execute, sql } from "../../../src/db/sql.ts";
import { line, receive, reserve } from "../../support/ledger-commands.ts";
import { startWeb, type Web } from "./web.ts";

let web: Web;
let key: string;
const sku = "TEA/1 é";

beforeAll(async () => {
  web = await startWeb();
  key = await web.keyWith("inventory:read");
  const { db } = web.deps;
  await web.database.setClock("2026-11-10T12:00:00.000Z");
  await web.deps.ledger.submit({ ...receive(sku, 10), occurredAt: "2026-11-09T08:00:00.000Z" });
  await web.deps.ledger.submit({ ...reserve("cart-1", [line(sku, 3)]), occurredAt: "2026-11-10T12:00:00.000Z" });
  await execute(
    db,
    sql`insert into listing (account_id, ref, channel_sku, fulfilled_by, status, first_seen_at, last_seen_at)
        values ('shop-de', 'gid-1', ${sku}, 'merchant', 'active', now(), now())`,
  );
  await execute(
    db,
    sql`insert into listing_link select id, channel_sku, 2, 'test', '2026-11-09T00:00:00Z' from listing`,
  );
  await execute(
    db,
    sql`insert into observation (listing_id, units, read_how, observed_at)
        select id, 4, 'import', '2026-11-09T06:00:00Z'::timestamptz from listing
        union all select id, 2, 'read-back', '2026-11-10T12:00:01Z' from listing`,
  );
});
afterAll(async () => {
  await web.database.drop();
});

const ask = async (query: string, name = sku): Promise<unknown> => {
  const path = `/v1/inventory/${encodeURIComponent(name)}/at?${query}`;
  return (await web.app.request(path, { headers: { authorization: `Bearer ${key}` } })).json();
};

test("the past is told by what had happened, or by what was known, with reservations and what the channel showed", async () => {
  expect(await ask("time=2026-11-09T09:00:00Z")).toMatchObject({
    sku,
    clock: "as-it-was",
    levels: [{ location: "main", onHand: 10, reserved: 0, version: 0, outOfTime: 1 }],
    reservations: [],
    listings: [{ account: "shop-de", ref: "gid-1", unitsEach: 2, shown: { units: 4, readHow: "import" } }],
  });
  expect(await ask("time=2026-11-09T09:00:00Z&as_known=true")).toMatchObject({ clock: "as-known", levels: [] });
  expect(await ask("time=2026-11-10T13:00:02%2B01:00&as_known=true")).toMatchObject({
    totals: { onHand: 10, reserved: 3, incoming: 0, available: 7 },
    reservations: [{ reservation: "cart-1", location: "main", units: 3 }],
    listings: [{ shown: { units: 2, observedAt: "2026-11-10T12:00:01.000Z" } }],
  });
  expect(await ask("time=2026-11-10T13:00:00Z&location=shop")).toMatchObject({ levels: [], reservations: [] });
  expect(await ask("time=2026-11-01T00:00:00Z")).toMatchObject({ listings: [{ shown: null }] });
});

test("an unknown SKU, a moment that is none, and a clock that is none are refused", async () => {
  expect(await ask("time=2026-11-09T09:00:00Z", "TEA")).toMatchObject({ type: "urn:lockstep:problem:unknown-sku" });
  for (const query of ["time=yesterday", "", "time=2026-11-09T09:00:00", "time=2026-11-09T09:00:00Z&as_known=yes"])
    expect(await ask(query), query).toMatchObject({ status: 422 });
});

test("several SKUs are asked for at once; what the ledger does not know is named", async () => {
  const answer = await web.app.request("/v1/inventory/at/query", {
    method: "POST",
    body: JSON.stringify({ skus: [sku, "TEA"], time: "2026-11-10T12:00:00Z", asKnown: true }),
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
  });
  expect(await answer.json()).toMatchObject({
    clock: "as-known",
    inventory: [{ sku, totals: { available: 7 } }],
    unknown: ["TEA"],
  });
});
