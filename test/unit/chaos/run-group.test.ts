import { expect, test } from "vitest";
import type { PlannedFault } from "../../chaos/faults.ts";
import { hasArrived, type Probe, type Prober } from "../../chaos/probes.ts";
import { runGroup } from "../../chaos/run-group.ts";

const fault = (type: PlannedFault["type"], lastsMs: number, offsetMs = 0): PlannedFault => ({
  type,
  lastsMs,
  draw: 0.5,
  offsetMs,
});

/** Everything arrives so long after the last fault was mended; null: never. */
const world = (arrivesAfterMs: number | null) => {
  const said: string[] = [];
  let [struck, mendedMs, nowMs] = [0, Number.POSITIVE_INFINITY, 0];
  const probe: Probe = { kind: "order", sku: "A", units: 1 };
  const prober: Prober = {
    send: () => {
      said.push("probe");
      return Promise.resolve([probe]);
    },
    missing: (probes) =>
      Promise.resolve(
        struck > 0 || arrivesAfterMs === null || nowMs < mendedMs + arrivesAfterMs
          ? probes.map(() => "order on ebay")
          : [],
      ),
    owed: () => Promise.resolve([]),
    backlog: () => Promise.resolve({ open: [], words: [] }),
    settled: () => Promise.resolve(),
  };
  return {
    said,
    deps: {
      prober,
      nowMs: () => (nowMs = performance.now()),
      recoveryMsMax: 600,
      leavesUnmended: false,
      signal: new AbortController().signal,
      strike: ({ type }: PlannedFault) => {
        said.push(type);
        struck += 1;
        const end = (): Promise<void> => {
          said.push(`end of ${type}`);
          struck -= 1;
          mendedMs = performance.now();
          return Promise.resolve();
        };
        return Promise.resolve({ what: "it", end });
      },
    },
  };
};

test("probes go out when a fault begins and when it has ended, and recovery counts from its end", async () => {
  const { deps, said } = world(200);
  const [record] = await runGroup([fault("web-killed", 50)], deps);
  expect(said).toEqual(["web-killed", "probe", "end of web-killed", "probe"]);
  const tookMs = (record?.recoveredMs ?? 0) - (record?.endedMs ?? 0);
  expect(tookMs).toBeGreaterThanOrEqual(195);
  expect(tookMs).toBeLessThan(600);
  expect(record?.waitedFor).toEqual(["order on ebay"]);
});

test("two that overlap are recovered from after the later end, and say what they overlapped with", async () => {
  const { deps, said } = world(0);
  const records = await runGroup([fault("web-killed", 150), fault("redis-flushed", 200, 50)], deps);
  expect(said.indexOf("redis-flushed")).toBeLessThan(said.indexOf("end of web-killed"));
  expect(records.map(({ beside }) => beside)).toEqual(["redis-flushed", "web-killed"]);
  expect(new Set(records.map(({ endedMs }) => endedMs)).size).toBe(1);
  expect(records[0]?.lastedMs).toBeLessThan(records[1]?.lastedMs ?? 0);
});

test("a probe that never arrives, or a fault that nobody mends, is no recovery", async () => {
  const [never] = await runGroup([fault("web-killed", 10)], world(null).deps);
  expect(never).toMatchObject({ recoveredMs: null, waitedFor: ["order on ebay"] });
  const { deps, said } = world(0);
  const [unmended] = await runGroup([fault("web-killed", 10)], { ...deps, leavesUnmended: true });
  expect(unmended?.recoveredMs).toBeNull();
  expect(said.at(-1)).toBe("end of web-killed");
});

test("an order has arrived when no more is offered than is left; a receipt when it shows exactly", () => {
  const order: Probe = { kind: "order", sku: "A", units: 5 };
  const receipt: Probe = { kind: "receipt", sku: "A", units: 5 };
  expect([4, 5, 6, undefined].map((units) => hasArrived(order, units))).toEqual([true, true, false, false]);
  expect([4, 5, 6, undefined].map((units) => hasArrived(receipt, units))).toEqual([false, true, false, false]);
});
