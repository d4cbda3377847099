import { expect, test } from "vitest";
import { maySpendRevision, nextRevisionAtMs } from "../../../src/sync/revision-budget.ts";

const midnightMs = Date.parse("2026-11-20T00:00:00.000Z");
const at = (hours: number): number => midnightMs + hours * 3_600_000;
const ask = (changes: Partial<Parameters<typeof maySpendRevision>[0]>): boolean =>
  maySpendRevision({ limit: 250, used: 0, shownUnits: 5, wantedUnits: 6, nowMs: at(0), ...changes });

test("a channel without the limit is never held back", () => {
  expect(ask({ limit: undefined, used: 100_000 })).toBe(true);
});

test("raises keep to the day's pace, and what is left of the pace grows with the day", () => {
  expect(ask({ used: 74 })).toBe(true);
  expect(ask({ used: 75 })).toBe(false);
  expect(ask({ used: 75, nowMs: at(6) })).toBe(true);
  expect(ask({ used: 200, nowMs: at(12) })).toBe(false);
});

test("the last tenth of the day's revisions is for lowerings", () => {
  expect(ask({ used: 225, nowMs: at(23.9) })).toBe(false);
  expect(ask({ used: 225, wantedUnits: 4 })).toBe(true);
  expect(ask({ used: 246, wantedUnits: 4 })).toBe(true);
  expect(ask({ used: 247, wantedUnits: 4 })).toBe(false);
});

test("the last three are for showing nothing, and after the limit nothing is sent", () => {
  expect(ask({ used: 249, wantedUnits: 0 })).toBe(true);
  expect(ask({ used: 250, wantedUnits: 0 })).toBe(false);
});

test("a listing that was never read counts as a lowering", () => {
  expect(ask({ used: 240, shownUnits: null })).toBe(true);
});

test("a write that was held back may go as soon as the pace has passed what is spent", () => {
  const figures = { limit: 250, used: 125, shownUnits: 5, wantedUnits: 6, nowMs: at(2) };
  expect(maySpendRevision(figures)).toBe(false);
  const nextMs = nextRevisionAtMs(figures);
  expect(maySpendRevision({ ...figures, nowMs: nextMs })).toBe(true);
  expect(maySpendRevision({ ...figures, nowMs: nextMs - 2_000 })).toBe(false);
  // What only the next day can give waits for it.
  expect(nextRevisionAtMs({ ...figures, used: 225 })).toBe(at(24));
  expect(nextRevisionAtMs({ ...figures, used: 247, wantedUnits: 4 })).toBe(at(24));
});
