import { inTransaction } from "../../src/db/transaction.ts";
import { decideDrift, oweAgain } from "../../src/sync/drifts.ts";
import { type Done, nextDeeds } from "./drift-deeds.ts";
import { DriftWorld } from "./drift-world.ts";
import type { JobBench } from "./job-bench.ts";

type Judged = { readonly id: number; readonly listing_id: number; readonly ref: string; readonly cause: string };

export type DriftShow = {
  readonly seed: number;
  readonly episodes: number;
  readonly injected: number;
  readonly right: number;
  readonly rightShare: number;
  /** Hidden orders that the re-read for another listing brought in before their own was looked at: no drift is left. */
  readonly repairedFirst: number;
  /** Old copies that the channel had stopped to tell before anybody read them. */
  readonly passedUnread: number;
  /** Done → judged → how often. `not-found`: no drift; `nothing`: a drift where nothing was done. */
  readonly confusion: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Writes above what was shown to listings whose drift waits for a person. */
  readonly unapprovedRaises: number;
  /** Writes above what was shown and above what was really there. */
  readonly raisesPastTruth: number;
  /** Listings that show something else than there is, after all was healed. */
  readonly wrongAtEnd: number;
};

const waits = new Set<string>(["hand-edit", "other-app", "channel-fault", "unknown"]);

/** Injects at least so many labelled drifts and lets the audit judge them. */
export const runDriftShow = async (
  bench: JobBench,
  given: { readonly seed: number; readonly drifts: number; readonly listings: number },
): Promise<DriftShow> => {
  const world = new DriftWorld(bench, given.seed, given.listings);
  await world.open();
  const confusion: Record<string, Record<string, number>> = {};
  const count = (done: string, judged: string): void => {
    const row = (confusion[done] ??= {});
    row[judged] = (row[judged] ?? 0) + 1;
  };
  let [episodes, injected, right, repairedFirst, passedUnread, unapprovedRaises, raisesPastTruth] = [
    0, 0, 0, 0, 0, 0, 0,
  ];
  // Every write as it goes out, with what was shown and what was there.
  const raises: { readonly ref: string; readonly past: boolean }[] = [];
  const connector = bench.deps.connectorFor("toy");
  const push = connector?.pushQuantities.bind(connector);
  if (connector === undefined || push === undefined) throw new Error("the bench has no channel");
  Object.assign(connector, {
    pushQuantities: (...[batch, key, context]: Parameters<typeof push>) => {
      for (const { ref, units } of batch) {
        if (units > world.shown(ref) && !bench.channel.busy.has(ref))
          raises.push({ ref, past: units > world.truth(ref) });
      }
      return push(batch, key, context);
    },
  });

  const audit = async (done: readonly Done[]): Promise<void> => {
    const startedAt = bench.clock.iso();
    // Twice over the whole catalogue, and until nothing is suspected any more.
    for (let passes = 0; passes < 40; passes += 1) {
      for (let reads = 0; reads < given.listings / 10 + 1; reads += 1) {
        bench.clock.advance(10_000);
        await bench.run("audit-account");
        await bench.settle(30);
      }
      for (const { end } of done) if (passes > 0) end?.();
      await world.run(1);
      const [left] = await bench.rows<{ n: number }>(
        `select (select count(*) from drift where state = 'suspected')
              + (select count(*) from push_target where shown_at < '${startedAt}') as n`,
      );
      if (passes > 1 && left?.n === 0) return;
    }
  };

  while (injected < given.drifts) {
    episodes += 1;
    world.newEpisode();
    bench.clock.advance(40 * 60_000);
    await world.run(1);
    const [newest] = await bench.rows<{ id: number }>("select coalesce(max(id), 0) as id from drift");
    const last = newest?.id ?? 0;
    const done: Done[] = [];
    for (const act of nextDeeds(world)) done.push(...(await act(world, bench)));
    // Life goes on elsewhere.
    for (const ref of world.take(4)) await world.sell(ref, world.int(1, 2), true);
    raises.length = 0;
    await audit(done);
    const found = await bench.rows<Judged>(
      `select d.id, d.listing_id, l.ref, coalesce(d.cause, 'not judged') as cause
         from drift d join listing l on l.id = d.listing_id where d.id > ${last} order by d.id`,
    );
    for (const { ref, deed } of done) {
      const cause = found.find((one) => one.ref === ref)?.cause ?? "not-found";
      if (deed === "unseen-order" && cause === "not-found" && world.shown(ref) === world.truth(ref)) {
        const [level] = await bench.rows<{ n: number }>(
          `select on_hand - reserved as n from stock_level where sku = '${ref}'`,
        );
        if (level?.n === world.truth(ref)) {
          repairedFirst += 1;
          continue;
        }
      }
      if (deed === "channel-fault" && cause === "not-found" && world.shown(ref) === world.truth(ref)) {
        passedUnread += 1;
        continue;
      }
      injected += 1;
      count(deed, cause);
      if (cause === deed) right += 1;
    }
    const touched = new Map(done.map(({ ref, deed }) => [ref, deed]));
    for (const { ref, cause } of found) if (!touched.has(ref) && cause !== "not judged") count("nothing", cause);
    for (const { ref, past } of raises) {
      if (past) raisesPastTruth += 1;
      if (waits.has(touched.get(ref) ?? "")) unapprovedRaises += 1;
    }
    // A person looks at what waits and lets it be healed.
    const open = await bench.rows<Judged>(
      "select d.id, d.listing_id, l.ref, d.cause from drift d join listing l on l.id = d.listing_id where d.state = 'open'",
    );
    const now = bench.clock.iso();
    await inTransaction(bench.database.db, async (tx) => {
      for (const { id } of open) await decideDrift(tx, { id, state: "healing", reason: "looked at", by: "show", now });
      await oweAgain(
        tx,
        open.map(({ listing_id }) => listing_id),
        now,
      );
    });
    bench.channel.busy.clear();
    bench.channel.staleReads.clear();
    await world.run(3);
  }
  await world.run(3);
  const wrongAtEnd = world.refs.filter((ref) => world.shown(ref) !== Math.max(0, world.truth(ref))).length;
  return {
    seed: given.seed,
    episodes,
    injected,
    right,
    rightShare: right / injected,
    repairedFirst,
    passedUnread,
    confusion,
    unapprovedRaises,
    raisesPastTruth,
    wrongAtEnd,
  };
};
