import { z } from "zod";
import type { Channel } from "../../src/connectors/connector.ts";
import { systemClock as clock } from "../../src/core/clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import type { Db } from "../../src/db/pool.ts";
import { query, sql } from "../../src/db/sql.ts";
import { percentile, spreadOf } from "../figures.ts";
import { runRounds } from "../harness.ts";
import { brokenBooks } from "./books.ts";
import { atMost, type CaseReport, roundNotes } from "./goals.ts";
import { untilQuiet } from "./quiet.ts";
import { accountIds } from "./sim-accounts.ts";
import { everyChannel, openSimWorld, type SimWorld } from "./sim-world.ts";
import type { Given } from "./wire.ts";

const skus = 5_000;
const units = 200;
const perSecond = 50;
/** Time of the channels' quotas: Amazon takes 300 quantities a second, so tokens are there. */
const speedUp = 60;

type Sale = { readonly channel: Channel; readonly sku: string; readonly atMs: number };

/** An open loop of buyers over all channels and SKUs. */
const sell = async ({ controls }: SimWorld, seconds: number, run: string, seed: number): Promise<readonly Sale[]> => {
  const random = seededRandom(seed);
  const any = (count: number): number => Math.floor(random() * count);
  const sales: Sale[] = [];
  const startMs = performance.now();
  const sent: Promise<void>[] = [];
  const buy = async (index: number): Promise<void> => {
    const channel = everyChannel[any(everyChannel.length)] ?? "shopify";
    const sku = `SKU-${any(skus)}`;
    const beganMs = clock.now();
    const { lines } = await controls[channel].sell(`${run}-${index}`, [{ sku, units: 1 }]);
    if (lines.length > 0) sales.push({ channel, sku, atMs: beganMs });
  };
  for (let index = 0; index < perSecond * seconds; ) {
    if (startMs + (index * 1_000) / perSecond > performance.now()) await clock.sleep(1);
    else sent.push(buy(index++));
  }
  await Promise.all(sent);
  return sales.toSorted((a, b) => a.atMs - b.atMs);
};

const Change = z.object({ accountId: z.string(), sku: z.string(), units: z.number(), atMs: z.number() });
type Change = z.infer<typeof Change>;

/** What the product knows to be shown, and from when: a push counts from the moment its read-back was judged. */
const appliedChanges = (db: Db): Promise<readonly Change[]> =>
  query(
    db,
    Change,
    sql`
      select l.account_id as "accountId", l.channel_sku as sku, a.units, (extract(epoch from a.applied_at) * 1000)::float8 as "atMs"
        from push_attempt a join listing l on l.id = a.listing_id
       where a.applied_at is not null
      union all
      -- The channel came to the number by itself, by a sale of its own.
      select l.account_id, l.channel_sku, o.units, (extract(epoch from o.observed_at) * 1000)::float8
        from observation o join listing l on l.id = o.listing_id
       where o.read_how = 'before-push' and o.units is not null
       order by 4`,
  );

type Arrival = { readonly from: Channel; readonly to: Channel; readonly ms: number };
type Arrivals = {
  readonly arrivals: readonly Arrival[];
  readonly ms: readonly number[];
  readonly covered: number;
  readonly missing: readonly string[];
};

/**
 * For each sale and each other channel: until that channel is known to show no more than is left after the sale. A
 * careful lowering may have covered the sale before it came; those are counted apart and not as fast ones.
 */
const arrivalsOf = (sales: readonly Sale[], changes: readonly Change[], left: Map<string, number>): Arrivals => {
  const by = Map.groupBy(changes, ({ accountId, sku }) => `${accountId} ${sku}`);
  const arrivals: Arrival[] = [];
  const missing: string[] = [];
  let covered = 0;
  for (const { channel, sku, atMs } of sales) {
    const leftUnits = (left.get(sku) ?? 0) - 1;
    left.set(sku, leftUnits);
    for (const other of everyChannel) {
      if (other === channel) continue;
      const seen = by.get(`${accountIds[other]} ${sku}`) ?? [];
      const before = seen.findLast((change) => change.atMs < atMs);
      const arrived = seen.find((change) => change.atMs >= atMs && change.units <= leftUnits);
      if (before !== undefined && before.units <= leftUnits) covered += 1;
      else if (arrived === undefined) missing.push(`${sku}: ${other} was never seen at ${leftUnits}`);
      else arrivals.push({ from: channel, to: other, ms: arrived.atMs - atMs });
    }
  }
  return { arrivals, ms: arrivals.map(({ ms }) => ms), covered, missing };
};

const spreadBy = (arrivals: readonly Arrival[], side: "from" | "to") =>
  Object.fromEntries(
    [...Map.groupBy(arrivals, (one) => one[side])].map(([channel, some]) => {
      const ms = some.map((one) => one.ms);
      return [channel, { p50Ms: percentile(ms, 0.5), p99Ms: percentile(ms, 0.99) }];
    }),
  );

/** Sale → applied on the other two channels, tokens available, at 50 orders a second over 5,000 SKUs. */
export const benchApplied = async ({ rounds: wanted, seconds, commands, tell }: Given): Promise<CaseReport> => {
  const stock = new Map(Array.from({ length: skus }, (_, index) => [`SKU-${index}`, units]));
  tell("applied: importing");
  const world = await openSimWorld({ stock, on: everyChannel, speedUp, commands, readyMsMax: 240_000 });
  try {
    const left = new Map(stock);
    const { db } = world.daemon.runtime;
    let run = 0;
    const sellAndRest = async (lengthSeconds: number): Promise<Arrivals & { readonly sold: number }> => {
      run += 1;
      const sales = await sell(world, lengthSeconds, `run-${run}`, run);
      await untilQuiet(world.daemon, 240_000);
      const arrivals = arrivalsOf(sales, await appliedChanges(db), left);
      const [p50, p99] = [percentile(arrivals.ms, 0.5), percentile(arrivals.ms, 0.99)].map((ms) => ms.toFixed(0));
      tell(`applied: ${sales.length} sales, p50 ${p50}, p99 ${p99} ms, ${arrivals.covered} covered before`);
      return { ...arrivals, sold: sales.length };
    };
    // The first, short one warms up: plans, connections and code.
    await sellAndRest(2);
    const measured = await runRounds(wanted, async (probe) => {
      probe();
      const round = await sellAndRest(seconds);
      probe();
      return round;
    });
    const rounds = measured.rounds.map(({ result }) => result);
    const broken = await brokenBooks(world.daemon, left, await world.shown());
    const of = (share: number) => spreadOf(rounds.map(({ ms }) => percentile(ms, share)));
    return {
      case: "applied",
      goals: [atMost("sale → applied, p50 ms", 1_000, of(0.5)), atMost("sale → applied, p99 ms", 3_000, of(0.99))],
      brokenBooks: [...broken, ...rounds.flatMap(({ missing }) => missing.slice(0, 5))],
      figures: rounds.map(({ ms, arrivals, covered, sold }) => ({
        sold,
        covered,
        arrivals: ms.length,
        p50Ms: percentile(ms, 0.5),
        p99Ms: percentile(ms, 0.99),
        maxMs: Math.max(...ms),
        bySeller: spreadBy(arrivals, "from"),
        byOther: spreadBy(arrivals, "to"),
      })),
      notes: roundNotes(measured),
    };
  } finally {
    await world.stop();
  }
};
