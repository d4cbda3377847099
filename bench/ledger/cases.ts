import { seededRandom } from "../../src/core/random.ts";
import { type Spread, spreadOf } from "../figures.ts";
import { type LoadFigures, runLoad, runRounds } from "../harness.ts";
import { type Contestant, hotSku, spreadSkus } from "./contestant.ts";

export type Shape = "hot" | "10k";
export type Case = { readonly name: string; readonly shape: Shape; readonly callers: number };
export type CaseSettings = { readonly rounds: number; readonly seconds: number };

type Summary = {
  readonly reservationsPerSecond: Spread;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
};
export type CaseResult = Case & {
  readonly rounds: number;
  readonly voidRounds: number;
  readonly noisyRounds: number;
  readonly contestants: Readonly<Record<string, Summary>>;
  /** Ours divided by theirs, round by round. */
  readonly ratios: Readonly<Record<string, Spread>>;
  readonly brokenSums: readonly string[];
};

let runs = 0;

const runOne = async (contestant: Contestant, { shape, callers }: Case, seconds: number) => {
  const run = `run-${(runs += 1)}`;
  const random = seededRandom(runs);
  const nextSku = (): string =>
    shape === "hot" ? hotSku : (spreadSkus[Math.floor(random() * spreadSkus.length)] ?? hotSku);
  await contestant.begin();
  const figures = await runLoad({ callers, seconds }, async (index, isOver) => ({
    taken: await contestant.reserve({ key: `${run}/${index}`, sku: nextSku() }, isOver),
  }));
  const sums = await contestant.sums(run);
  const wrong = Object.entries(sums).filter(([, units]) => units !== figures.answered);
  const broken = wrong.map(
    ([sum, units]) => `${contestant.name}, ${run}: ${figures.answered} answers, ${units} ${sum}`,
  );
  return { figures, broken };
};

type RoundFigures = ReadonlyMap<string, LoadFigures>;

const summaryOf = (figures: readonly LoadFigures[]): Summary => ({
  reservationsPerSecond: spreadOf(figures.map((one) => one.perSecond)),
  p50Ms: spreadOf(figures.map((one) => one.p50Ms)),
  p99Ms: spreadOf(figures.map((one) => one.p99Ms)),
});

/** All contestants in turn, again and again; the first is ours. `loads` gives a contestant another number of callers. */
export const runCase = async (
  one: Case,
  contestants: readonly Contestant[],
  { rounds, seconds }: CaseSettings,
  loads: Readonly<Record<string, number>> = {},
): Promise<CaseResult> => {
  const broken: string[] = [];
  const done = await runRounds<RoundFigures>(rounds, async (probe) => {
    const figures = new Map<string, LoadFigures>();
    for (const contestant of contestants) {
      probe();
      const callers = loads[contestant.name] ?? one.callers;
      const ran = await runOne(contestant, { ...one, callers }, seconds);
      figures.set(contestant.name, ran.figures);
      broken.push(...ran.broken);
    }
    return figures;
  });
  const of = (name: string): readonly LoadFigures[] => done.rounds.map(({ result }) => result.get(name) as LoadFigures);
  const [ours, ...others] = contestants.map(({ name }) => ({ name, figures: of(name) }));
  if (ours === undefined) throw new RangeError("nobody to measure");
  const ratioTo = (theirs: readonly LoadFigures[]): Spread =>
    spreadOf(theirs.map((figures, round) => (ours.figures[round]?.perSecond ?? 0) / Math.max(figures.perSecond, 1)));
  return {
    ...one,
    rounds: done.rounds.length,
    voidRounds: done.voidCount,
    noisyRounds: done.noisyCount,
    contestants: Object.fromEntries([ours, ...others].map(({ name, figures }) => [name, summaryOf(figures)])),
    ratios: Object.fromEntries(others.map(({ name, figures }) => [name, ratioTo(figures)])),
    brokenSums: broken,
  };
};
