import { afterEach, expect, test } from "vitest";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import { mapListing } from "../../../src/jobs/link-listings.ts";
import { listOversells, oversellPostMortem } from "../../../src/jobs/oversells.ts";
import { checkLedger } from "../../../src/ledger/check.ts";
import { upsertLocations } from "../../../src/ledger/queries.ts";
import { listingIdByName } from "../../../src/mapping/listings.ts";
import { elsewhere, here, OversellStage, quiet } from "../../support/oversell-stage.ts";

let stage: OversellStage;
afterEach(async () => {
  for (const check of await checkLedger(stage.bench.database.db)) expect(check.subjects, check.promise).toEqual([]);
  await stage.close();
});

const oversells = () =>
  listOversells(stage.bench.deps, { id: null, sku: null, since: null, beforeId: null, rowsMax: 100 });

test("a pack is told by its own number: units are the SKU's, the buffer is the listing's", async () => {
  stage = await OversellStage.open(new Map([["A", 12]]), 1);
  stage.channel(here).shown.set("PACK", 2);
  stage.pass(60_000);
  await stage.bench.run("import-listings", here);
  const listingId = (await listingIdByName(stage.bench.database.db, here, "PACK")) ?? 0;
  await mapListing(stage.bench.deps, {
    accountId: here,
    listingId,
    components: [{ sku: "A", units: 6 }],
    actor: "test",
  });
  await stage.work(here);
  const late = stage.sell(elsewhere, "A", 7);
  stage.pass(20_000);
  await stage.tell(here, stage.sell(here, "PACK", 1));
  stage.pass(5_000);
  await stage.tell(elsewhere, late);
  const [found] = await oversells();
  expect(found).toMatchObject({
    unitsShort: 1,
    cause: "their-lag",
    // Two packs: one would have left six of the five that were there.
    avoidedBy: { setting: "policy.buffer", value: 2, account: here },
  });
  const { evidence } = (await oversellPostMortem(stage.bench.deps, found?.id ?? 0)) ?? {};
  expect(evidence?.offer).toMatchObject({ ref: "PACK", unitsEach: 6, units: 2, availableUnits: 12 });
});

test("what another listing of the same account sold is not taken off by the channel", async () => {
  stage = await OversellStage.open(new Map([["A", 12]]), 1);
  stage.channel(here).shown.set("PACK", 2);
  stage.pass(60_000);
  await stage.bench.run("import-listings", here);
  const listingId = (await listingIdByName(stage.bench.database.db, here, "PACK")) ?? 0;
  await mapListing(stage.bench.deps, {
    accountId: here,
    listingId,
    components: [{ sku: "A", units: 6 }],
    actor: "test",
  });
  await stage.work(here);
  await stage.tell(here, stage.sell(here, "A", 7));
  stage.pass(20_000);
  await stage.tell(here, stage.sell(here, "PACK", 1));
  expect(await oversells()).toMatchObject([{ unitsShort: 1, cause: "our-lag", what: "not-sent" }]);
});

test("a number that somebody set on the channel by hand, found by the audit", async () => {
  stage = await OversellStage.open(new Map([["A", 5]]), 1);
  stage.pass(120_000);
  for (const place of [here, elsewhere, quiet] as const) await stage.poll(place);
  await stage.bench.run("audit-account", here);
  stage.pass(120_000);
  stage.channel(here).shown.set("A", 9);
  stage.pass(1_000);
  await stage.bench.run("audit-account", here);
  stage.pass(5_000);
  await stage.tell(here, stage.sell(here, "A", 7));
  for (let minutes = 0; minutes < 6; minutes += 1) {
    stage.pass(60_000);
    for (const place of [here, elsewhere, quiet] as const) await stage.poll(place);
    await stage.bench.run("audit-account", here);
  }
  expect(await oversells()).toMatchObject([
    { unitsShort: 2, cause: "manual", what: "listing-edit", avoidedBy: { setting: "none" } },
  ]);
});

test("an order that was made before the second sale and changed after it counts from when it was made", async () => {
  stage = await OversellStage.open(new Map([["A", 5]]), 1);
  const made = stage.sell(elsewhere, "A", 3);
  stage.pass(20_000);
  await stage.tell(here, stage.sell(here, "A", 4));
  stage.pass(30_000);
  const at = stage.bench.clock.iso();
  await stage.tell(elsewhere, { ...made, updatedAt: at, observedAt: at });
  const [found] = await oversells();
  expect(found).toMatchObject({ accountId: elsewhere, cause: "their-lag", what: "told-late" });
  expect(found?.sentence).toContain("was made 20.0 s before");
});

test("both sold at once are one race, whichever the ledger heard of first, and a third is judged by itself", async () => {
  stage = await OversellStage.open(new Map([["A", 2]]), 1);
  const one = stage.sell(elsewhere, "A", 2);
  stage.pass(400);
  const two = stage.sell(here, "A", 1);
  stage.pass(300);
  await stage.tell(here, two);
  await stage.tell(elsewhere, one);
  stage.pass(60_000);
  await stage.tell(here, stage.sell(here, "A", 1));
  const found = await oversells();
  expect(found.map(({ unitsShort, cause, what }) => ({ unitsShort, cause, what }))).toEqual([
    { unitsShort: 1, cause: "our-lag", what: "not-sent" },
    { unitsShort: 1, cause: "race", what: "same-moment" },
  ]);
});

test("the sum of two locations is sold, and booked at one", async () => {
  stage = await OversellStage.open(new Map([["A", 5]]), 1);
  await upsertLocations(stage.bench.database.db, [{ id: "shop", name: "Shop" }]);
  stage.configure(here, { locationIds: ["main", "shop"] });
  const at = stage.bench.clock.iso();
  await stage.bench.database.setClock(at);
  const there = { sku: Sku.parse("A"), locationId: LocationId.parse("shop"), units: 4 };
  await stage.submit({ kind: "receive", key: "shop", actor: "test", occurredAt: at, reason: null, ...there });
  stage.pass(30_000);
  for (const place of [here, elsewhere, quiet] as const) await stage.poll(place);
  await stage.work();
  expect(stage.channel(here).shown.get("A")).toBe(9);
  stage.pass(30_000);
  await stage.tell(here, stage.buy(here, "A", 7));
  expect(await oversells()).toMatchObject([
    {
      locationId: "main",
      unitsShort: 2,
      cause: "policy",
      what: "locations",
      avoidedBy: { setting: "account.locations" },
    },
  ]);
});

test("a push of the lower number that broke off without an answer", async () => {
  stage = await OversellStage.open(new Map([["A", 5]]), 1);
  await stage.tell(elsewhere, stage.sell(elsewhere, "A", 3));
  stage.channel(here).mood = "dies-before-answer";
  await expect(stage.work(here)).rejects.toThrow("died");
  stage.pass(20_000);
  await stage.tell(here, stage.buy(here, "A", 4));
  expect(await oversells()).toMatchObject([{ unitsShort: 2, cause: "our-lag", what: "unanswered" }]);
});

test("a pause that is over when the cause is asked for, and a sale before it", async () => {
  stage = await OversellStage.open(new Map([["A", 5]]), 1);
  await stage.setState(here, "paused");
  await stage.tell(elsewhere, stage.sell(elsewhere, "A", 3));
  await stage.work();
  stage.pass(20_000);
  await stage.tell(here, stage.buy(here, "A", 4));
  await stage.setState(here, "live");
  await stage.work();
  const [found] = await oversells();
  expect(found).toMatchObject({ cause: "our-lag", what: "account-not-live", avoidedBy: { setting: "account.state" } });
  expect(found?.sentence).toContain("toy was paused and is not written to");
});
