import { percentile } from "../../src/demo/verdict.ts";
import { type Figure, figureNames, type PolicyName, type SeedSummary } from "./campaign.ts";
import { faultKinds } from "./faults.ts";

/** A fault that never made a difference has not been tried. */
const effectiveMin = 3;
/** From so many seeds on each fault must have struck. */
const seedsForAllFaults = 200;

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0);

const figureSums = (summaries: readonly SeedSummary[]): Record<Figure, number> =>
  Object.fromEntries(
    figureNames.map((name) => [name, Math.round(sumOf(summaries.map(({ figures }) => figures[name])) * 1_000) / 1_000]),
  ) as Record<Figure, number>;

const policyReport = (summaries: readonly SeedSummary[]) => {
  const waits = summaries.flatMap(({ quietMs }) => (quietMs === null ? [] : [quietMs / 1_000]));
  const mended = summaries.flatMap(({ mendedMs }) => (mendedMs === null ? [] : [mendedMs / 1_000]));
  return {
    seeds: summaries.length,
    distinctTraces: new Set(summaries.map(({ trace }) => trace)).size,
    ranTwice: summaries.filter(({ repeats }) => repeats !== null).length,
    ranTwiceAndDiffered: summaries.filter(({ repeats }) => repeats === false).map(({ seed }) => seed),
    virtualHours: Math.round(sumOf(summaries.map(({ virtualMs }) => virtualMs)) / 36_000) / 100,
    events: sumOf(summaries.map(({ events }) => events)),
    statements: sumOf(summaries.map(({ statements }) => statements)),
    seedsWithViolations: summaries.filter(({ violations }) => violations.length > 0).length,
    neverQuiet: summaries.filter(({ quietMs }) => quietMs === null).length,
    quietAfterSeconds: { p50: percentile(waits, 0.5), p99: percentile(waits, 0.99), max: percentile(waits, 1) },
    mendedAfterSeconds: { p50: percentile(mended, 0.5), p99: percentile(mended, 0.99), max: percentile(mended, 1) },
    ...figureSums(summaries),
  };
};

export const reportOf = (
  summaries: readonly SeedSummary[],
  { seconds, leftOut }: { readonly seconds: number; readonly leftOut: number },
) => {
  const byPolicy = Map.groupBy(summaries, ({ policy }) => policy);
  const ours = byPolicy.get("lockstep") ?? [];
  const faults = Object.fromEntries(
    faultKinds.map((kind) => [
      kind,
      {
        injected: sumOf(ours.map(({ injected }) => injected[kind] ?? 0)),
        effective: sumOf(ours.map(({ effective }) => effective[kind] ?? 0)),
      },
    ]),
  );
  const untried = faultKinds.filter((kind) => (faults[kind]?.effective ?? 0) < effectiveMin);
  const violations = ours
    .filter(({ violations: found }) => found.length > 0)
    .map(({ seed, violations: found }) => ({ seed, violations: found }));
  const differed = summaries.filter(({ repeats }) => repeats === false);
  const isVacuous = ours.length >= seedsForAllFaults && untried.length > 0;
  return {
    ok: violations.length === 0 && differed.length === 0 && !isVacuous && leftOut === 0,
    /** Runs for which there was no time. */
    leftOut,
    seconds: Math.round(seconds * 10) / 10,
    seedsPerSecond: Math.round((summaries.length / seconds) * 100) / 100,
    faults,
    untriedFaults: untried,
    violations,
    policies: Object.fromEntries([...byPolicy].map(([name, found]) => [name, policyReport(found)])) as Record<
      PolicyName,
      ReturnType<typeof policyReport>
    >,
  };
};

/** Seeds until a planted mistake was caught. `by` null: it was not; left out: there was no time to go on. */
export type Round = { readonly seeds: number; readonly by: string | null; readonly isLeftOut: boolean };

/** `seeds`: with several rounds the median; null = not caught in each of them. */
export const caughtOf = (bug: string, rounds: readonly Round[]) => {
  const isCaught = rounds.length > 0 && rounds.every(({ by }) => by !== null);
  return {
    bug,
    caught: isCaught,
    seeds: isCaught
      ? percentile(
          rounds.map(({ seeds }) => seeds),
          0.5,
        )
      : null,
    eachRound: rounds.map(({ seeds, by }) => ({ seeds, caught: by !== null })),
    by: rounds[0]?.by ?? null,
    leftOut: rounds.some(({ isLeftOut }) => isLeftOut),
  };
};

export const plantedReport = (perBug: readonly ReturnType<typeof caughtOf>[]) => {
  const counts = perBug.flatMap(({ seeds }) => seeds ?? []);
  return {
    ok: counts.length === perBug.length,
    caught: counts.length,
    of: perBug.length,
    leftOut: perBug.filter(({ leftOut }) => leftOut).length,
    medianSeeds: percentile(counts, 0.5),
    maxSeeds: percentile(counts, 1),
    perBug,
  };
};
