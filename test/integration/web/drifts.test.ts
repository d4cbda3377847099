import { afterAll, beforeAll, expect, test } from "vitest";
import { startWeb, type Web } from "./web.ts";

let web: Web;
let key: string;
beforeAll(async () => {
  web = await startWeb();
  key = await web.keyWith("inventory:read");
  await web.database.db.pool.query(
    `with made as (
       insert into listing (account_id, ref, channel_sku, fulfilled_by, status, first_seen_at, last_seen_at)
       select 'shop-de', 'gid-' || i, 'SKU-' || i, 'merchant', 'active', now(), now() from generate_series(1, 3) i returning id, ref
     )
     insert into drift (listing_id, account_id, found_how, expected_units, observed_units, observed_at, was_owed, state,
                        state_since, cause, policy, evidence)
     select id, 'shop-de', 'rolling', 10, 7, '2026-11-20T10:00:00Z', false, 'open', '2026-11-20T10:05:00Z',
            case when ref = 'gid-2' then 'other-app' else 'hand-edit' end, 'ask', '{}' from made order by ref`,
  );
});
afterAll(() => web.database.drop());

const get = async (query: string) => {
  const response = await web.app.request(`/v1/drifts${query}`, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, body: (await response.json()) as { drifts: { listing: string }[]; next: unknown } };
};

test("drifts come newest first, with their causes, in pages that join", async () => {
  const first = await get("?limit=2");
  expect(first.body.drifts.map(({ listing }) => listing)).toEqual(["gid-3", "gid-2"]);
  const rest = await get(`?limit=2&before=${String(first.body.next)}`);
  expect(rest.body).toMatchObject({
    drifts: [
      {
        account: "shop-de",
        listing: "gid-1",
        channelSku: "SKU-1",
        expectedUnits: 10,
        observedUnits: 7,
        shownUnits: null,
        state: "open",
        cause: "hand-edit",
        policy: "ask",
        observedAt: "2026-11-20T10:00:00.000Z",
      },
    ],
    next: null,
  });
});

test("drifts are found by account, state and cause; what is no cause is refused", async () => {
  const found = await get("?account=shop-de&state=open&cause=other-app");
  expect(found.body.drifts.map(({ listing }) => listing)).toEqual(["gid-2"]);
  expect((await get("?state=healed")).body.drifts).toEqual([]);
  expect((await get("?cause=weather")).status).toBe(422);
});
