import type { Budget, Quota } from "../connectors/budget.ts";

export type Quotas = Readonly<Record<string, Quota>>;

/** `key`: whose quotas they are; `capped`: those that an operator set. */
export type MakeBudget = (key: string, quotas: Quotas, capped: ReadonlySet<string>) => Budget;

/**
 * Budgets by whose the quotas are at the channel: accounts with the same key draw from one bucket, or together they
 * would spend a multiple of what the channel grants. What operators set for several of them, the lowest counts.
 */
export const createAppBudgets = (
  accounts: readonly { readonly key: string; readonly quotas: Quotas }[],
  defaults: Quotas,
  make: MakeBudget,
): ((key: string) => Budget) => {
  const budgets = new Map<string, Budget>();
  return (key) => {
    const existing = budgets.get(key);
    if (existing !== undefined) return existing;
    const set = lowest(accounts.filter((account) => account.key === key).map(({ quotas }) => quotas));
    const made = make(key, { ...defaults, ...set }, new Set(Object.keys(set)));
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
