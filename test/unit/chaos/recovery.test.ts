import { expect, test } from "vitest";
import type { FaultType } from "../../chaos/faults.ts";
import { type FaultRecord, recoveryByType } from "../../chaos/recovery.ts";

const record = (type: FaultType, tookMs: number | null, more: Partial<FaultRecord> = {}): FaultRecord => ({
  type,
  what: "it",
  beganMs: 1_000,
  lastedMs: 4_000,
  waitedFor: [],
  endedMs: 5_000,
  recoveredMs: tookMs === null ? null : 5_000 + tookMs,
  beside: null,
  ...more,
});

test("recovery counts from the fault's end, by type", () => {
  const { faults, all } = recoveryByType([
    record("web-killed", 300),
    record("web-killed", 100),
    record("web-killed", 200),
    record("redis-flushed", 50),
  ]);
  expect(faults["web-killed"]).toEqual({ count: 3, unrecovered: 0, recoveryMs: { p50: 200, p99: 300, max: 300 } });
  expect(faults["redis-flushed"]?.recoveryMs.p50).toBe(50);
  expect(all.count).toBe(4);
  expect(all.recoveryMs.max).toBe(300);
});

test("what did not recover is counted, and no time is made up for it", () => {
  const { faults } = recoveryByType([record("web-killed", null), record("web-killed", 400)]);
  expect(faults["web-killed"]).toEqual({ count: 2, unrecovered: 1, recoveryMs: { p50: 400, p99: 400, max: 400 } });
  expect(recoveryByType([record("web-killed", null)]).all.recoveryMs).toEqual({ p50: null, p99: null, max: null });
});

test("two that overlapped are one recovery, apart from those of their types", () => {
  const pair = [
    record("web-killed", 900, { endedMs: 7_000, recoveredMs: 7_900, beside: "redis-flushed" }),
    record("redis-flushed", 900, { endedMs: 7_000, recoveredMs: 7_900, beside: "web-killed" }),
  ];
  const { faults, overlapping, all } = recoveryByType([...pair, record("web-killed", 100)]);
  expect(overlapping).toEqual({ count: 1, unrecovered: 0, recoveryMs: { p50: 900, p99: 900, max: 900 } });
  expect(faults["web-killed"]?.count).toBe(1);
  expect(faults["redis-flushed"]).toBeUndefined();
  expect(all.count).toBe(2);
});
