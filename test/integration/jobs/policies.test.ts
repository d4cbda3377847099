import { afterEach, beforeEach, expect, test } from "vitest";
import { inTransaction } from "../../../src/db/transaction.ts";
import { adoptSettings } from "../../../src/jobs/adopt-settings.ts";
import type { AccountPlan } from "../../../src/jobs/deps.ts";
import { diffPolicies } from "../../../src/jobs/policy-diff.ts";
import { pushAccount } from "../../../src/jobs/push-account.ts";
import { wantedUnits } from "../../../src/jobs/wanted.ts";
import { upsertLocations } from "../../../src/ledger/queries.ts";
import { setLinks } from "../../../src/mapping/links.ts";
import { policyVersion, showEverything } from "../../../src/mapping/policy.ts";
import { booksInForce, policyVersions } from "../../../src/mapping/policy-versions.ts";
import { ensureTargets } from "../../../src/sync/targets.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
let plan: AccountPlan;
beforeEach(async () => {
  bench = await JobBench.open();
  const found = bench.deps.planFor(accountId);
  if (found === undefined) throw new Error("no plan");
  plan = found;
});
afterEach(() => bench.close());

const idOf = async (ref: string): Promise<number> =>
  Number((await bench.rows<{ id: string }>(`select id from listing where ref = '${ref}'`))[0]?.id);
const push = async (by: AccountPlan): Promise<void> => {
  const signal = new AbortController().signal;
  bench.clock.advance(2_000);
  await bench.run("poll-orders");
  const one = { payload: { accountId }, signal, drain: signal, progress: () => undefined };
  await pushAccount.run(one, { ...bench.deps, planFor: () => by });
  await bench.settle();
};
const receiveAt = (sku: string, place: string, units: number) =>
  bench.rows(
    `insert into stock_level values ('${sku}', '${place}', ${units}, 0, 0, 1, now()) on conflict (sku, location_id) do update set on_hand = ${units}`,
  );

test("an account sells the sum of its locations, and of a kit as many as its scarcest part allows", async () => {
  await upsertLocations(bench.database.db, [{ id: "shop", name: "Shop" }]);
  await receiveAt("B", "main", 7);
  await bench.stocked("A", 10);
  await receiveAt("A", "shop", 4);
  const id = await idOf("A");
  const both = { ...plan, locationIds: ["main", "shop"] };
  const units = async (by: AccountPlan) => (await wantedUnits(bench.database.db, [id], by)).get(id)?.units;
  expect([await units(plan), await units(both)]).toEqual([10, 14]);
  await inTransaction(bench.database.db, async (tx) => {
    const kit = [
      { sku: "A", units: 1 },
      { sku: "B", units: 2 },
    ];
    await setLinks(tx, id, kit, "test", bench.clock.iso());
    await ensureTargets(tx, [id], bench.clock.iso());
  });
  expect(await units(both)).toBe(3);
});

test("when settings begin with another policy, the account's listings are planned anew by it, once", async () => {
  await bench.stocked("A", 10);
  expect(await adoptSettings(bench.deps, [plan])).toEqual([]);
  const capped = { ...plan, policy: { ...showEverything, capUnits: 4 } };
  expect(await adoptSettings(bench.deps, [capped])).toEqual([accountId]);
  expect(await adoptSettings(bench.deps, [capped])).toEqual([]);
  await push(capped);
  expect(bench.channel.shown.get("A")).toBe(4);
  const [attempt] = await bench.rows<{ terms: readonly object[] }>("select terms from push_attempt");
  expect(attempt?.terms).toContainEqual({ term: "policy", version: policyVersion(capped.policy), by: "account" });
  const versions = await policyVersions(bench.database.db);
  expect(new Map(versions.map(({ version, accountIds }) => [version, accountIds]))).toEqual(
    new Map([
      [policyVersion(capped.policy), [accountId]],
      [policyVersion(showEverything), []],
    ]),
  );
});

test("the books that are in force are read back as they were written, whatever is in them", async () => {
  const policy = {
    ...showEverything,
    counts: [{ figure: "incoming", locationId: "main", sign: 1 }],
    lastUnits: { atMostUnits: 2, accounts: ["toy"] },
    tiers: [{ upToUnits: 3, capUnits: null }],
  } as const;
  const overrides = [{ skus: ["A"], listings: ["gid://1"], policy: { ...showEverything, floorUnits: 2 } }];
  await adoptSettings(bench.deps, [{ ...plan, policy, overrides }]);
  expect((await booksInForce(bench.database.db)).get(accountId)).toEqual({
    policy,
    overrides,
    locationIds: ["main"],
    since: bench.clock.iso(),
  });
});

test("a policy diff tells every quantity that would change, and whether the guards would stop it", async () => {
  for (const sku of ["A", "B", "C"]) {
    bench.channel.shown.set(sku, 10);
    await bench.receive(sku, 10);
  }
  await bench.run("import-listings");
  await bench.settle();
  const from = { policy: showEverything, overrides: [], locationIds: ["main"], locationId: "main" };
  const overrides = [
    { skus: ["A"], listings: [], policy: { ...showEverything, floorUnits: 11 } },
    { skus: [], listings: ["B"], policy: { ...showEverything, sharePercent: 50 } },
  ];
  const guards = {
    maxZeroedCount: 0,
    maxZeroedPercent: 0,
    maxLoweredCount: 1_000_000,
    maxLoweredPercent: 100,
    maxRaisedCount: 9,
    maxRaisedPercent: 100,
  };
  const diff = await diffPolicies(bench.database.db, { accountId, from, to: { ...from, overrides }, guards }, 10);
  expect(diff).toEqual({
    accountId,
    listings: 3,
    zeroed: 1,
    lowered: 1,
    raised: 0,
    changes: [
      { ref: "A", skus: ["A"], shownUnits: 10, fromUnits: 10, toUnits: 0 },
      { ref: "B", skus: ["B"], shownUnits: 10, fromUnits: 10, toUnits: 5 },
    ],
    guard: "one run would set 1 of 3 listings to 0 (limit 0)",
  });
  expect(bench.channel.writes).toEqual([]);
});
