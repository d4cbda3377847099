import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Connector } from "../../../src/connectors/connector.ts";
import { pushAccount } from "../../../src/jobs/push-account.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
});
afterEach(() => bench.close());

test("of two runs of one process only one plans an account, and the next one may again", async () => {
  await bench.stocked("A", 10);
  bench.channel.shown.set("A", 30);
  await bench.receive("A", 1);
  await bench.run("publish-events");
  const { signal } = new AbortController();
  const run = { payload: { accountId }, signal, drain: signal, progress: () => undefined };
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let reads = 0;
  const connectorFor = (id: string): Connector | undefined => {
    const connector = bench.deps.connectorFor(id);
    if (connector === undefined) return undefined;
    const readQuantities: Connector["readQuantities"] = async (...asked) => {
      reads += 1;
      if (reads === 1) await gate;
      return connector.readQuantities(...asked);
    };
    return { ...connector, readQuantities };
  };
  const deps = { ...bench.deps, connectorFor };
  const first = pushAccount.run(run, deps);
  await vi.waitUntil(() => reads === 1);
  expect(await pushAccount.run(run, deps)).toEqual({ againAfterMs: 2_000 });
  expect(bench.channel.writes).toEqual([]);
  letGo();
  expect(await first).toBeUndefined();
  expect(await bench.rows("select units from push_attempt")).toEqual([{ units: 11 }]);
  expect(await pushAccount.run(run, deps)).toBeUndefined();
});
