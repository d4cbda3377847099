import { expect, test } from "vitest";
import { createAppBudgets, type MakeBudget } from "../../../src/compose/app-budgets.ts";
import { createBudget } from "../../../src/connectors/budget.ts";
import type { Clock } from "../../../src/core/clock.ts";
import { TestClock } from "../../support/test-clock.ts";

const standing: Clock = { now: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() };
const defaults = { inventory: { ratePerSecond: 20, burst: 100 }, orders: { ratePerSecond: 1, burst: 10 } };
const make: MakeBudget = (_key, quotas, capped) => createBudget(quotas, standing, capped);
const { signal } = new AbortController();

test("accounts of one application draw from one bucket, and another application has its own", async () => {
  const accounts = ["one", "one", "two"].map((key) => ({ key, quotas: {} }));
  const budgetOf = createAppBudgets(accounts, defaults, make);
  await budgetOf("one").take("orders", signal, 4);
  await budgetOf("one").take("orders", signal, 3);
  expect(await budgetOf("one").spare("orders")).toBe(3);
  expect(await budgetOf("two").spare("orders")).toBe(10);
});

test("of several settings for one application's quota the lowest counts, and the channel cannot raise it", async () => {
  const accounts = [
    { key: "one", quotas: { inventory: { ratePerSecond: 5, burst: 50 } } },
    { key: "one", quotas: { inventory: { ratePerSecond: 8, burst: 20 } } },
    { key: "two", quotas: { inventory: { ratePerSecond: 1, burst: 1 } } },
  ];
  const budget = createAppBudgets(accounts, defaults, make)("one");
  expect(await budget.spare("inventory")).toBe(20);
  budget.observe("inventory", { burst: 1_000 });
  expect(await budget.spare("inventory")).toBe(20);
});

test("a quota that the channel paused for hours is told at once, a short pause is waited for", async () => {
  const clock = new TestClock();
  const budget = createBudget(defaults, clock);
  budget.throttled("orders", 3 * 3_600_000);
  await expect(budget.take("orders", signal)).rejects.toMatchObject({ kind: "throttled", retryAfterMs: 3 * 3_600_000 });
  budget.pause("inventory", 5_000);
  const startedMs = clock.monotonicMs();
  await budget.take("inventory", signal);
  expect(clock.monotonicMs() - startedMs).toBe(5_000);
});

test("after a full bucket the refill begins when the call has arrived", async () => {
  const clock = new TestClock();
  const budget = createBudget({ calls: { ratePerSecond: 10, burst: 2 } }, clock, new Set(), 250);
  await budget.take("calls", signal, 2);
  clock.advance(250);
  expect(await budget.spare("calls")).toBe(0);
  clock.advance(100);
  expect(await budget.spare("calls")).toBe(1);
});
