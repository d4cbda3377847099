import { afterEach, beforeEach, expect, test } from "vitest";
import { pushAccount } from "../../../src/jobs/push-account.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
});
afterEach(() => bench.close());

test("an order that is booked while its account's orders are looked at is missing from no raise", async () => {
  await bench.stocked("A", 10);
  bench.clock.advance(10_000);
  bench.channel.sell("1", "A", 1);
  await bench.receive("A", 5);
  await bench.run("publish-events");
  let isBooked = false;
  const { db } = bench.deps;
  const pool = new Proxy(db.pool, {
    get: (target, name) =>
      name !== "query"
        ? (Reflect.get(target, name, target) as () => unknown).bind(target)
        : async (asked: { readonly text: string }) => {
            // Just before it is asked whether all orders are known, the one that is not becomes known.
            if (!isBooked && asked.text.includes("with sharing as")) {
              isBooked = true;
              await bench.run("poll-orders");
              await bench.run("ingest");
            }
            return target.query(asked);
          },
  });
  const { signal } = new AbortController();
  const run = { payload: { accountId }, signal, drain: signal, progress: () => undefined };
  await pushAccount.run(run, { ...bench.deps, db: { ...db, pool } });
  expect(isBooked).toBe(true);
  expect(bench.channel.writes.filter(({ units }) => units > 14)).toEqual([]);
  await bench.settle();
  // What was kept back while the SKU was selling follows when it is quiet.
  bench.clock.advance(60_000);
  await bench.run("poll-orders");
  await bench.run("push-account");
  await bench.settle();
  expect(bench.channel.shown.get("A")).toBe(14);
});
