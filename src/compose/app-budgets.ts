import { type Budget, createBudget, type Quota } from "../connectors/budget.ts";
import type { Clock } from "../core/clock.ts";

type Quotas = Readonly<Record<string, Quota>>;

/**
 * Budgets of quotas that belong to an application, not to a seller: accounts with the same key draw from one bucket, or
 * together they would spend a multiple of what the channel grants. What operators set for several of them, the lowest
 * counts. One process; several processes each have their own.
 */
export const createAppBudgets = (
  accounts: readonly { readonly key: string; readonly quotas: Quotas }[],
  defaults: Quotas,
  clock: Clock,
): ((key: string) => Budget) => {
  const budgets = new Map<string, Budget>();
  return (key) => {
    const existing = budgets.get(key);
    if (existing !== undefined) return existing;
    const set = lowest(accounts.filter((account) => account.key === key).map(({ quotas }) => quotas));
    const made = createBudget({ ...defaults, ...set }, clock, new Set(Object.keys(set)));
    budgets.set(key, made);
    return made;
  };
};

/** By name, the smallest rate and the smallest burst of all. */
const lowest = (settings: readonly Quotas[]): Quotas => {
  const merged = new Map<string, Quota>();
  for (const [name, { ratePerSecond, burst }] of settings.flatMap((quotas) => Object.entries(quotas))) {
    const before = merged.get(name) ?? { ratePerSecond, burst };
    merged.set(name, {
      ratePerSecond: Math.min(before.ratePerSecond, ratePerSecond),
      burst: Math.min(before.burst, burst),
    });
  }
  return Object.fromEntries(merged);
};
