import { mapListing } from "../../src/jobs/link-listings.ts";
import { listingIdByName } from "../../src/mapping/listings.ts";
import { addHold, endHolds } from "../../src/sync/holds.ts";
import type { OversellCause, OversellWhat } from "../../src/sync/oversell-evidence.ts";
import { elsewhere, here, type OversellStage, quiet } from "./oversell-stage.ts";

/** Units there are, sold first, and sold second: together more than there are. */
export type Split = { readonly units: number; readonly first: number; readonly second: number };

/** Makes one SKU be oversold in one way. The jobs that would have prevented it run too late, or fail. */
export type Deed = {
  readonly name: string;
  readonly cause: OversellCause;
  readonly what: OversellWhat;
  readonly act: (stage: OversellStage, sku: string, split: Split) => Promise<void>;
};

/** The second sale, told and applied at once. */
const sellSecond = async (stage: OversellStage, sku: string, split: Split): Promise<void> =>
  stage.tell(here, stage.buy(here, sku, split.second));

/** The first sale, known to the ledger at once. */
const sellFirst = async (stage: OversellStage, sku: string, split: Split): Promise<void> => {
  const order = stage.sell(elsewhere, sku, split.first);
  stage.pass(100, 500);
  await stage.tell(elsewhere, order);
};

const deed = (name: string, cause: OversellCause, what: OversellWhat, act: Deed["act"]): Deed => ({
  name,
  cause,
  what,
  act,
});

export const deeds: readonly Deed[] = [
  deed("two buyers at once", "race", "same-moment", async (stage, sku, split) => {
    const first = stage.sell(elsewhere, sku, split.first);
    stage.pass(20, 1_900);
    const second = stage.buy(here, sku, split.second);
    stage.pass(200, 900);
    // Whoever is told of first.
    const told = [() => stage.tell(elsewhere, first), () => stage.tell(here, second)];
    for (const tell of stage.int(0, 1) === 0 ? told : told.toReversed()) await tell();
  }),
  deed("a message that comes late", "their-lag", "told-late", async (stage, sku, split) => {
    const first = stage.sell(elsewhere, sku, split.first);
    stage.pass(5_000, 90_000);
    await sellSecond(stage, sku, split);
    stage.pass(500, 60_000);
    await stage.tell(elsewhere, first);
  }),
  deed("a message that comes just before the second sale", "their-lag", "told-late", async (stage, sku, split) => {
    const first = stage.sell(elsewhere, sku, split.first);
    stage.pass(15_000, 90_000);
    await stage.tell(elsewhere, first);
    stage.pass(100, 1_500);
    await sellSecond(stage, sku, split);
  }),
  deed("an account that is only polled", "their-lag", "polled", async (stage, sku, split) => {
    stage.sell(quiet, sku, split.first);
    stage.pass(5_000, 50_000);
    await sellSecond(stage, sku, split);
    stage.pass(500, 10_000);
    await stage.poll(quiet);
  }),
  deed("a lost message", "unseen-order", "message-lost", async (stage, sku, split) => {
    stage.sell(elsewhere, sku, split.first);
    stage.pass(5_000, 300_000);
    await sellSecond(stage, sku, split);
    stage.pass(500, 60_000);
    await stage.poll(elsewhere);
  }),
  deed("a number that the channel is slow to show", "their-lag", "showing", async (stage, sku, split) => {
    await sellFirst(stage, sku, split);
    stage.channel(here).mood = "accepts-and-drops";
    await stage.work(here);
    stage.channel(here).mood = "applies";
    stage.pass(2_000, 3_500);
    const second = stage.buy(here, sku, split.second);
    stage.channel(here).shown.set(sku, stage.channel(here).writes.at(-1)?.units ?? 0);
    stage.pass(300);
    await stage.bench.run("confirm-pushes", here);
    await stage.tell(here, second);
  }),
  deed("a push that nobody made", "our-lag", "not-sent", async (stage, sku, split) => {
    await sellFirst(stage, sku, split);
    stage.pass(5_000, 60_000);
    await sellSecond(stage, sku, split);
  }),
  deed("an inbox that nobody worked off", "our-lag", "ingest", async (stage, sku, split) => {
    const first = stage.sell(elsewhere, sku, split.first);
    stage.pass(100, 900);
    await stage.keep(elsewhere, first);
    stage.pass(5_000, 60_000);
    await sellSecond(stage, sku, split);
    stage.pass(100, 5_000);
    await stage.ingest(elsewhere);
  }),
  deed("an account that was paused", "our-lag", "account-not-live", async (stage, sku, split) => {
    await stage.setState(here, "paused");
    await sellFirst(stage, sku, split);
    await stage.work(here);
    stage.pass(5_000, 600_000);
    await sellSecond(stage, sku, split);
  }),
  deed("a freeze", "our-lag", "hold", async (stage, sku, split) => {
    const now = stage.bench.clock.iso();
    const hold = { kind: "freeze", scope: { scope: "sku", sku }, reason: "photos", actor: "test" } as const;
    const { id } = await stage.inTransaction((tx) => addHold(tx, { ...hold, requestKey: null, now, expiresAt: null }));
    await sellFirst(stage, sku, split);
    await stage.work(here);
    stage.pass(5_000, 600_000);
    await sellSecond(stage, sku, split);
    await stage.inTransaction((tx) => endHolds(tx, { id, by: "test", now: stage.bench.clock.iso(1) }));
  }),
  deed("a channel that refuses", "our-lag", "refused", async (stage, sku, split) => {
    stage.channel(here).mood = "refuses";
    await sellFirst(stage, sku, split);
    await stage.work(here);
    stage.pass(3_000, 30_000);
    await sellSecond(stage, sku, split);
    stage.channel(here).mood = "applies";
  }),
  deed("a number that was taken and never shown", "our-lag", "lost-push", async (stage, sku, split) => {
    stage.channel(here).mood = "accepts-and-drops";
    await sellFirst(stage, sku, split);
    await stage.work(here);
    stage.pass(8_000, 9_000);
    await sellSecond(stage, sku, split);
    // Less what was sold it might look like the number that was lost.
    stage.channel(here).staleReads.set(sku, split.units);
    stage.pass(2_000);
    await stage.bench.run("confirm-pushes", here);
    stage.channel(here).staleReads.delete(sku);
    stage.channel(here).mood = "applies";
  }),
  deed("a listing that nobody had linked", "our-lag", "parked", async (stage, sku, split) => {
    const ref = `${sku}-unlinked`;
    stage.channel(elsewhere).shown.set(ref, split.units);
    await stage.bench.run("import-listings", elsewhere);
    const first = stage.sell(elsewhere, ref, split.first);
    stage.pass(100, 900);
    await stage.tell(elsewhere, first);
    stage.pass(5_000, 300_000);
    await sellSecond(stage, sku, split);
    stage.pass(1_000, 5_000);
    const components = [{ sku, units: 1 }];
    const listingId = await listingIdByName(stage.bench.database.db, elsewhere, ref);
    await mapListing(stage.bench.deps, { accountId: elsewhere, listingId: listingId ?? 0, components, actor: "test" });
    await stage.ingest(elsewhere);
  }),
  deed("a policy that counts what is promised", "policy", "counts", async (stage, sku, split) => {
    const counts = [{ figure: "on_hand", sign: 1 }] as const;
    const usual = stage.bench.deps.planFor(here);
    if (usual === undefined) throw new Error("no plan");
    const policy = { ...usual.policy, counts };
    const overrides = usual.overrides ?? [];
    stage.configure(here, { overrides: [{ skus: [sku], listings: [], policy }, ...overrides] });
    await stage.receive(sku, 1);
    await stage.work(here);
    await sellFirst(stage, sku, split);
    await stage.work(here);
    stage.pass(5_000, 60_000);
    await sellSecond(stage, sku, { ...split, second: split.second + 1 });
    stage.configure(here, { overrides });
  }),
  deed("a write over a sale, with the margin off", "policy", "margin-off", async (stage, sku, { units }) => {
    // It stays off: a cause is told by the settings of when it is asked for.
    stage.configure(here, { quietMs: 0 });
    await stage.tell(elsewhere, stage.sell(elsewhere, sku, 1));
    const unseen = stage.sell(here, sku, 2);
    stage.channel(here).staleReads.set(sku, units);
    await stage.bench.run("publish-events");
    await stage.bench.run("push-account", here);
    stage.channel(here).staleReads.delete(sku);
    stage.pass(200, 400);
    await stage.bench.run("confirm-pushes", here);
    stage.pass(5_000, 30_000);
    await stage.tell(here, stage.sell(here, sku, units - 1));
    stage.pass(500, 5_000);
    await stage.tell(here, unseen);
  }),
  deed("units broken after they were sold", "manual", "by-hand", async (stage, sku, { units, second }) => {
    const order = stage.sell(here, sku, second);
    stage.pass(1_000, 60_000);
    await stage.adjust(sku, -(units - second + 1));
    stage.pass(500, 5_000);
    await stage.tell(here, order);
  }),
  deed("units taken off that are reserved", "manual", "by-hand", async (stage, sku, split) => {
    await stage.tell(elsewhere, stage.sell(elsewhere, sku, split.first));
    await stage.work();
    stage.pass(60_000, 600_000);
    await stage.adjust(sku, -split.second);
  }),
  deed("a channel that sells past its number", "channel-fault", "sold-past-number", async (stage, sku, split) => {
    await sellFirst(stage, sku, split);
    await stage.work();
    stage.pass(20_000, 60_000);
    await stage.tell(here, stage.sell(here, sku, split.second));
  }),
  deed("a checkout after a sale that was told late", "their-lag", "told-late", async (stage, sku, split) => {
    const first = stage.sell(elsewhere, sku, split.first);
    stage.pass(5_000, 90_000);
    await stage.reserve(sku, split.second);
    stage.pass(500, 60_000);
    await stage.tell(elsewhere, first);
  }),
  deed("a checkout and a buyer at once", "race", "same-moment", async (stage, sku, split) => {
    const first = stage.sell(elsewhere, sku, split.first);
    stage.pass(20, 1_500);
    await stage.reserve(sku, split.second);
    stage.pass(100, 500);
    await stage.tell(elsewhere, first);
  }),
];
