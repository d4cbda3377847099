import { systemClock as clock } from "../../src/core/clock.ts";
import { invariants, runInvariant } from "../../src/jobs/check-invariants.ts";
import { levelsOf } from "../../src/ledger/queries.ts";
import type { Daemon } from "./daemon.ts";

const checkMsMax = 120_000;

/**
 * At rest: what is left in the ledger is what was there less what was sold, every channel shows that number, and every
 * invariant of ledger and synchronisation holds. What does not, one line each, the first few.
 */
export const brokenBooks = async (
  { runtime }: Daemon,
  expected: ReadonlyMap<string, number>,
  shownBy: Readonly<Record<string, ReadonlyMap<string, number>>>,
): Promise<readonly string[]> => {
  const broken: string[] = [];
  const levels = new Map<string, number>();
  for (const { sku, onHand, reserved } of await levelsOf(runtime.db, [...expected.keys()]))
    levels.set(sku, (levels.get(sku) ?? 0) + onHand - reserved);
  for (const [sku, units] of expected) {
    if (levels.get(sku) !== units) broken.push(`${sku}: the ledger has ${levels.get(sku)}, ${units} are left`);
    for (const [channel, shown] of Object.entries(shownBy))
      if (shown.get(sku) !== units) broken.push(`${sku}: ${channel} shows ${shown.get(sku)}, ${units} are left`);
  }
  for (const check of invariants) {
    const { violations, subjects, failure } = await runInvariant({ db: runtime.db, clock }, check, checkMsMax);
    if (failure !== null || violations !== 0)
      broken.push(`${check.name}: ${failure ?? `${violations} violations, ${subjects.slice(0, 3).join(", ")}`}`);
  }
  return broken.length <= 10 ? broken : [...broken.slice(0, 10), `… ${broken.length} in all`];
};
