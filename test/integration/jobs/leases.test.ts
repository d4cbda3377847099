import { afterEach, beforeEach, expect, test } from "vitest";
import { endLease } from "../../../src/jobs/end-lease.ts";
import { pushAccount } from "../../../src/jobs/push-account.ts";
import { holdLease, releaseLease, takeLease } from "../../../src/sync/leases.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
});
afterEach(async () => {
  await bench.database.drop();
});

const wanted = (holder: string) => ({ accountId, purpose: "push", holder, lifeMs: 25_000 });
const runOut = () => bench.rows("update account_lease set expires_at = now() - interval '1 s'");
const secondsLeft = async (): Promise<number> => {
  const rows = await bench.rows<{ left: string }>(
    "select extract(epoch from expires_at - now()) as left from account_lease where purpose = 'push'",
  );
  return Number(rows[0]?.left);
};

test("a lease past its time is its holder's until somebody takes it, and then never again", async () => {
  const { db } = bench.database;
  const mine = await takeLease(db, wanted("a"));
  if (mine === undefined) throw new Error("a free lease was not to be had");
  await runOut();
  expect(await holdLease(db, mine, 25_000)).toBe(true);
  expect(await takeLease(db, wanted("b"))).toBeUndefined();
  await runOut();
  const theirs = await takeLease(db, wanted("b"));
  expect(theirs?.fence).toBe(mine.fence + 1);
  expect(await holdLease(db, mine, 25_000)).toBe(false);
  if (theirs !== undefined) await releaseLease(db, theirs);
  expect(await holdLease(db, mine, 25_000)).toBe(false);
});

test("a lease is held for as long as a call may take, and never shortened", async () => {
  const { db } = bench.database;
  const lease = await takeLease(db, wanted("a"));
  if (lease === undefined) throw new Error("a free lease was not to be had");
  await holdLease(db, lease, 65_000);
  expect(await secondsLeft()).toBeGreaterThan(60);
  await holdLease(db, lease, 1_000);
  expect(await secondsLeft()).toBeGreaterThan(60);
});

test("a worker that is killed in a call leaves its account to others within half a minute", async () => {
  await bench.stocked("A", 10);
  const connector = bench.deps.connectorFor(accountId);
  if (connector === undefined) throw new Error("no connector");
  let left: number | undefined;
  const dying = {
    ...connector,
    pushQuantities: async () => {
      left = await secondsLeft();
      throw new Error("killed");
    },
  };
  await bench.receive("A", 5);
  bench.channel.shown.set("A", 30);
  await bench.run("publish-events");
  const signal = new AbortController().signal;
  const deps = { ...bench.deps, connectorFor: () => dying };
  await pushAccount
    .run({ payload: { accountId }, signal, drain: signal, progress: () => undefined }, deps)
    .catch(() => undefined);
  expect(left).toBeGreaterThan(20);
  expect(left).toBeLessThanOrEqual(30);
});

test("a lease is let go of even when the connection is lost just then", async () => {
  const { db } = bench.database;
  const lease = await takeLease(db, wanted("a"));
  if (lease === undefined) throw new Error("a free lease was not to be had");
  let losses = 2;
  const pool = new Proxy(db.pool, {
    get: (pool, name) => {
      if (name !== "query" || losses === 0) return Reflect.get(pool, name) as unknown;
      losses -= 1;
      return () => Promise.reject(new Error("Connection terminated unexpectedly"));
    },
  });
  await endLease({ ...bench.deps, db: { ...db, pool } }, lease);
  expect(losses).toBe(0);
  expect(await takeLease(db, wanted("b"))).toBeDefined();
});
