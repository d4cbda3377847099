import { percentile } from "./figures.ts";

/** One attempt under a new key. `taken` false: the window was over before it began, so nothing was done. */
export type Attempt = (index: number, isOver: () => boolean) => Promise<{ readonly taken: boolean }>;

export type LoadFigures = {
  /** Answered within the window, per second of it. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answered at all, those after the window's end included: what the books must show. */
  readonly answered: number;
};

export type Load = { readonly callers: number; readonly seconds: number };

/** A closed loop: each caller sends its next attempt when the last was answered. Rejects with the first failure. */
export const runLoad = async ({ callers, seconds }: Load, attempt: Attempt): Promise<LoadFigures> => {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  const endMs = startMs + seconds * 1_000;
  const isOver = (): boolean => performance.now() >= endMs;
  let next = 0;
  let inWindow = 0;
  const call = async (): Promise<void> => {
    while (!isOver()) {
      const sentMs = performance.now();
      const { taken } = await attempt(next++, isOver);
      if (!taken) return;
      const doneMs = performance.now();
      latenciesMs.push(doneMs - sentMs);
      if (doneMs <= endMs) inWindow += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return {
    perSecond: inWindow / seconds,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    answered: latenciesMs.length,
  };
};

let bestProbeMs = Number.POSITIVE_INFINITY;

/** The time of a fixed piece of work: how much of the CPU we were given. */
export const probeCpu = (): number => {
  const startMs = performance.now();
  let sum = 0;
  for (let i = 0; i < 40_000_000; i += 1) sum = (sum + i * 7) | 0;
  const tookMs = performance.now() - startMs;
  // The sum is used, so that the loop cannot be left out.
  bestProbeMs = Math.min(bestProbeMs, sum === 0.5 ? 0 : tookMs);
  return tookMs;
};

export type Round<Result> = { readonly probeMs: number; readonly result: Result };
export type Rounds<Result> = {
  readonly rounds: readonly Round<Result>[];
  /** Run and not counted, because another program took too much of the CPU. */
  readonly voidCount: number;
  /** Counted although noisy, because the bound on repetitions was reached. */
  readonly noisyCount: number;
};

const noisyFrom = 1.3;

/**
 * Runs rounds until `wanted` of them were calm (their slowest probe at most 1.3 times the best one of the whole run),
 * at most twice as many. Then the calmest count.
 */
export const runRounds = async <Result>(
  wanted: number,
  runRound: (probe: () => void) => Promise<Result>,
): Promise<Rounds<Result>> => {
  const all: Round<Result>[] = [];
  const isCalm = (round: Round<Result>): boolean => round.probeMs <= noisyFrom * bestProbeMs;
  while (all.filter(isCalm).length < wanted && all.length < 2 * wanted) {
    let probeMs = 0;
    const result = await runRound(() => {
      probeMs = Math.max(probeMs, probeCpu());
    });
    all.push({ probeMs, result });
  }
  const rounds = all.toSorted((a, b) => a.probeMs - b.probeMs).slice(0, wanted);
  const noisyCount = rounds.filter((round) => !isCalm(round)).length;
  return { rounds, voidCount: all.length - rounds.length, noisyCount };
};
