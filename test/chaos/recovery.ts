import { percentile } from "../../src/demo/verdict.ts";
import type { FaultType } from "./faults.ts";

/** How a fault went. Times are epoch ms; `endedMs` is that of the last of two that overlapped. */
export type FaultRecord = {
  readonly type: FaultType;
  /** What exactly was struck. */
  readonly what: string;
  readonly beganMs: number;
  /** Until it was mended. */
  readonly lastedMs: number;
  readonly endedMs: number;
  /** Null: not within the time that it may take. */
  readonly recoveredMs: number | null;
  /** What came last, or did not come. */
  readonly waitedFor: readonly string[];
  /** The type that it overlapped with. */
  readonly beside: FaultType | null;
};

export type RecoveryFigures = {
  readonly count: number;
  readonly unrecovered: number;
  /** Of those that recovered; null when none did. */
  readonly recoveryMs: { readonly p50: number | null; readonly p99: number | null; readonly max: number | null };
};

const figuresOf = (records: readonly FaultRecord[]): RecoveryFigures => {
  const tookMs = records.flatMap(({ endedMs, recoveredMs }) => (recoveredMs === null ? [] : [recoveredMs - endedMs]));
  return {
    count: records.length,
    unrecovered: records.length - tookMs.length,
    recoveryMs: {
      p50: percentile(tookMs, 0.5),
      p99: percentile(tookMs, 0.99),
      max: tookMs.length === 0 ? null : Math.max(...tookMs),
    },
  };
};

/**
 * Recovery by type of fault. Two that overlapped recover together and say little about either: they are counted apart,
 * under `overlapping`. `all` is every recovery, each once. Pure.
 */
export const recoveryByType = (
  records: readonly FaultRecord[],
): {
  readonly faults: Readonly<Record<string, RecoveryFigures>>;
  readonly overlapping: RecoveryFigures;
  readonly all: RecoveryFigures;
} => {
  const alone = records.filter(({ beside }) => beside === null);
  const byType = Map.groupBy(alone, ({ type }) => type);
  const sorted = [...byType].toSorted(([a], [b]) => (a < b ? -1 : 1));
  // A pair has two records with one end and one recovery: one of them counts.
  const pairs = new Map(records.filter(({ beside }) => beside !== null).map((record) => [record.endedMs, record]));
  const overlapping = [...pairs.values()];
  return {
    faults: Object.fromEntries(sorted.map(([type, own]) => [type, figuresOf(own)])),
    overlapping: figuresOf(overlapping),
    all: figuresOf([...alone, ...overlapping]),
  };
};
