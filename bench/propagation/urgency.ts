import { z } from "zod";
import { systemClock as clock } from "../../src/core/clock.ts";
import { queryOne, sql } from "../../src/db/sql.ts";
import type { Write } from "../../src/demo/control-client.ts";
import { spreadOf } from "../figures.ts";
import { brokenBooks } from "./books.ts";
import { adjust, setState, untilPublished } from "./doings.ts";
import { atMost, type CaseReport } from "./goals.ts";
import { untilQuiet } from "./quiet.ts";
import { accountIds } from "./sim-accounts.ts";
import { openSimWorld, type SimWorld } from "./sim-world.ts";
import type { Given } from "./wire.ts";

const owedCount = 1_000;
const urgentCount = 20;
/** Five tokens at first, then five a second. */
const leastMs = ((urgentCount - 5) / 5) * 1_000;
const behindCount = 30;
const changesCount = 100;

const plain = Array.from({ length: owedCount - urgentCount }, (_, index) => `PLAIN-${index}`);
const urgent = Array.from({ length: urgentCount }, (_, index) => `URGENT-${index}`);
const busy = "BUSY";

const writesUntil = async (
  { controls }: SimWorld,
  since: number,
  timeoutMs: number,
  isDone: (writes: readonly Write[]) => boolean,
): Promise<readonly Write[]> => {
  const endMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const writes = await controls.amazon.writes(since);
    if (isDone(writes)) return writes;
    if (clock.monotonicMs() > endMs) throw new Error(`only ${writes.length} writes came in ${timeoutMs} ms`);
    await clock.sleep(50);
  }
};

const lastSequence = async ({ controls }: SimWorld): Promise<number> =>
  (await controls.amazon.writes()).at(-1)?.sequence ?? 0;

/** From the account's going live with 1,000 listings owed until Amazon has taken the twenty about to oversell. */
const pushUrgent = async (world: SimWorld, left: Map<string, number>) => {
  const { daemon } = world;
  await setState(daemon, accountIds.amazon, "paused");
  await adjust(daemon, left, [
    ...plain.map((sku) => [sku, -1] as const),
    ...urgent.map((sku) => [sku, -(left.get(sku) ?? 0)] as const),
  ]);
  await untilPublished(daemon);
  const since = await lastSequence(world);
  const startedMs = clock.now();
  await setState(daemon, accountIds.amazon, "live");
  const writes = await writesUntil(world, since, 240_000, (seen) => {
    const skus = new Set(seen.map(({ sku }) => sku));
    return urgent.every((sku) => skus.has(sku));
  });
  const urgentWrites = writes.filter(({ sku }) => urgent.includes(sku));
  const lastMs = Math.max(...urgentWrites.map(({ acceptedMs }) => acceptedMs));
  return {
    urgentMs: lastMs - startedMs,
    firstMs: Math.min(...urgentWrites.map(({ acceptedMs }) => acceptedMs)) - startedMs,
    othersBefore: writes.filter(({ sku, acceptedMs }) => !urgent.includes(sku) && acceptedMs < lastMs).length,
  };
};

/** A hundred changes of one SKU, less urgent than thirty others that wait for tokens: how many pushes they make. */
const pushBusy = async (world: SimWorld, left: Map<string, number>) => {
  const { daemon } = world;
  await setState(daemon, accountIds.amazon, "paused");
  // What is on its way still arrives; then all but thirty are put back to what Amazon shows.
  await clock.sleep(3_000);
  const truth = await world.controls.amazon.truth();
  const shown = new Map(truth.listings.map(({ sku, units }) => [sku, units]));
  const behind = plain.filter((sku) => shown.get(sku) !== left.get(sku));
  await adjust(
    daemon,
    left,
    behind.slice(behindCount).map((sku) => [sku, (shown.get(sku) ?? 0) - (left.get(sku) ?? 0)]),
  );
  await untilPublished(daemon);
  const since = await lastSequence(world);
  await setState(daemon, accountIds.amazon, "live");
  await writesUntil(world, since, 30_000, (writes) => writes.length >= 5);
  for (let change = 0; change < changesCount; change += 1) await adjust(daemon, left, [[busy, -1]]);
  await untilPublished(daemon);
  const changedMs = clock.now();
  await untilQuiet(daemon, 120_000);
  const writes = (await world.controls.amazon.writes(since)).filter(({ sku }) => sku === busy);
  return { pushes: writes.length, waitedMs: Math.min(...writes.map(({ acceptedMs }) => acceptedMs)) - changedMs };
};

const Latency = z.object({ ms: z.number() });

/** Amazon's real quotas in real time: of 1,000 owed listings the urgent ones first, and many changes in one push. */
export const benchUrgency = async ({ commands, tell }: Given): Promise<CaseReport> => {
  const stock = new Map([
    ...plain.map((sku) => [sku, 100] as const),
    ...urgent.map((sku) => [sku, 5] as const),
    [busy, 100_000] as const,
  ]);
  tell("urgency: importing");
  const world = await openSimWorld({ stock, on: ["amazon"], speedUp: 1, commands, readyMsMax: 240_000 });
  try {
    const left = new Map(stock);
    const first = await pushUrgent(world, left);
    tell(
      `urgency: the ${urgentCount} arrived after ${first.urgentMs} ms, ${first.othersBefore} others before the last`,
    );
    const coalesced = await pushBusy(world, left);
    tell(`urgency: ${changesCount} changes made ${coalesced.pushes} pushes`);
    const latency = await queryOne(
      world.daemon.runtime.db,
      Latency,
      sql`select avg(duration_ms)::float8 as ms from channel_call where call_class = 'push' and method = 'PATCH'`,
    );
    const latencyMs = latency?.ms ?? 0;
    const broken = await brokenBooks(world.daemon, left, await world.shown());
    return {
      case: "urgency",
      goals: [
        atMost(
          `the ${urgentCount} about to oversell of ${owedCount} owed, in times of their physical minimum`,
          1.1,
          spreadOf([first.urgentMs / (leastMs + latencyMs)]),
        ),
        atMost(`pushes of ${changesCount} changes of one SKU during a wait`, 1, spreadOf([coalesced.pushes])),
      ],
      brokenBooks: broken,
      figures: { ...first, leastMs, latencyMs, ...coalesced },
    };
  } finally {
    await world.stop();
  }
};
