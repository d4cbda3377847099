import { toIso } from "../../src/core/clock.ts";
import type { Db } from "../../src/db/pool.ts";
import { explainListing, explainListingAt } from "../../src/jobs/explain.ts";
import { type Explanation, explanationText } from "../../src/jobs/explanation.ts";
import { evaluate } from "../../src/mapping/allocate.ts";
import { listingIdByName } from "../../src/mapping/listings.ts";
import { percentile } from "../figures.ts";
import { disturb, makeWorld, type World } from "./world.ts";

export type ExplainFigures = {
  readonly asked: number;
  /** The explanation names the channel's own number, and its terms give it again. */
  readonly reproduced: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The first few that did not, with what the channel showed. */
  readonly wrong: readonly string[];
};
export type ExplainReport = {
  readonly listings: number;
  readonly now: ExplainFigures;
  /** Of a moment before the sales and the holds. */
  readonly past: ExplainFigures;
  readonly goals: { readonly reproducedAll: boolean; readonly p99Ms: 200; readonly p99Met: boolean };
};

type Asked = World["listings"][number];

const ask = async (
  world: World,
  sample: readonly Asked[],
  truth: (one: Asked) => number | undefined,
  explainOne: (listingId: number) => Promise<Explanation | undefined>,
): Promise<ExplainFigures> => {
  const tookMs: number[] = [];
  const wrong: string[] = [];
  let reproduced = 0;
  for (const one of sample) {
    const id = (await listingIdByName(world.deps.db, one.accountId, one.ref)) ?? -1;
    const startMs = performance.now();
    const explained = await explainOne(id);
    const sentence = explained === undefined ? "" : explanationText(explained);
    tookMs.push(performance.now() - startMs);
    const units = truth(one);
    const again = explained?.because == null ? undefined : evaluate(explained.because.terms).units;
    if (explained?.reproduced === true && explained.shows?.units === units && again === units) reproduced += 1;
    else wrong.push(`${one.ref} shows ${units}: ${sentence}`);
  }
  const [p50Ms, p99Ms] = [percentile(tookMs, 0.5), percentile(tookMs, 0.99)];
  return { asked: sample.length, reproduced, p50Ms, p99Ms, maxMs: Math.max(...tookMs), wrong: wrong.slice(0, 5) };
};

/** Explains random listings of a shop at rest and holds every answer against what the channel itself shows. */
export const benchExplain = async (
  db: Db,
  options: {
    readonly listings: number;
    readonly sample: number;
    readonly seed: number;
    readonly tell: (line: string) => void;
  },
): Promise<ExplainReport> => {
  const world = await makeWorld(db, options);
  options.tell(`${world.listings.length} listings imported`);
  await world.settle();
  const at = toIso(world.deps.clock.now());
  const before = new Map([...world.channels.values()].flatMap(({ shown }) => [...shown]));
  options.tell("in step; now sales, reservations and holds");
  await world.deps.clock.sleep(5);
  await disturb(world);
  await db.pool.query("analyze");
  const pick = (count: number): readonly Asked[] =>
    Array.from({ length: count }, () => world.listings[Math.floor(world.random() * world.listings.length)] as Asked);
  options.tell("at rest; explaining");
  const shownNow = ({ accountId, ref }: Asked) => world.channels.get(accountId)?.shown.get(ref);
  const now = await ask(world, pick(options.sample), shownNow, (id) => explainListing(world.deps, id));
  const past = await ask(
    world,
    pick(Math.ceil(options.sample / 5)),
    ({ ref }) => before.get(ref),
    (id) => explainListingAt(world.deps, id, at),
  );
  const reproducedAll = now.reproduced === now.asked && past.reproduced === past.asked;
  const p99Met = now.p99Ms <= 200 && past.p99Ms <= 200;
  return { listings: world.listings.length, now, past, goals: { reproducedAll, p99Ms: 200, p99Met } };
};
