import { afterEach, beforeEach, expect, test } from "vitest";
import type { Connector } from "../../../src/connectors/connector.ts";
import { markNeedsAttention, resumeAccount } from "../../../src/sync/accounts.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";

/** An account whose credentials died: nobody but the polls may ask its channel for anything. */
let bench: JobBench;
/** Calls by the name of the ability. */
let calls: string[];
beforeEach(async () => {
  bench = await JobBench.open();
  calls = [];
  const connector = bench.deps.connectorFor(accountId);
  if (connector === undefined) throw new Error("no connector");
  const noting: Connector = {
    ...connector,
    readQuantities: (...given) => {
      calls.push("readQuantities");
      return connector.readQuantities(...given);
    },
    fetchOrders: (...given) => {
      calls.push("fetchOrders");
      return connector.fetchOrders(...given);
    },
    pushQuantities: (...given) => {
      calls.push("pushQuantities");
      return connector.pushQuantities(...given);
    },
  };
  Object.assign(bench.deps, { connectorFor: (id: string) => (id === accountId ? noting : undefined) });
});
afterEach(() => bench.close());

const setAside = () => markNeedsAttention(bench.database.db, { accountId, reason: "refused", now: bench.clock.iso() });
const openAttempts = async (): Promise<number> => {
  const rows = await bench.rows<{ n: string }>(
    "select count(*) as n from push_attempt where state in ('sent', 'accepted', 'unknown')",
  );
  return Number(rows[0]?.n);
};

test("read-backs of a set-aside account wait, are not given up meanwhile, and are made when it is back", async () => {
  await bench.stocked("A", 10);
  await bench.receive("A", 5);
  await bench.run("publish-events");
  await bench.run("poll-orders");
  bench.clock.advance(5_000);
  await bench.run("poll-orders");
  await bench.run("push-account");
  expect(await openAttempts()).toBe(1);
  await setAside();
  calls = [];
  bench.clock.advance(60_000);
  await bench.run("confirm-pushes");
  await bench.run("push-account");
  expect(calls).toEqual([]);
  expect(await openAttempts()).toBe(1);
  await resumeAccount(bench.database.db, accountId, bench.clock.iso());
  await bench.run("confirm-pushes");
  expect(calls).toEqual(["readQuantities"]);
  expect(await openAttempts()).toBe(0);
  expect(bench.channel.shown.get("A")).toBe(15);
});

test("a message that says what was sold still counts, one that must be asked about waits", async () => {
  await bench.stocked("A", 10);
  await setAside();
  calls = [];
  const told = bench.channel.sell("o-1", "A", 2);
  bench.channel.sell("o-2", "A", 1);
  await bench.deliver({ id: "h-1", topic: "hint", payload: "o-2", sourceAt: null });
  await bench.deliver(bench.channel.deliveryOf(told));
  await bench.run("ingest");
  expect(calls).toEqual([]);
  const available = async (): Promise<number> => {
    const rows = await bench.rows<{ n: string }>("select on_hand - reserved as n from stock_level where sku = 'A'");
    return Number(rows[0]?.n);
  };
  expect(await available()).toBe(8);
  await resumeAccount(bench.database.db, accountId, bench.clock.iso());
  await bench.run("ingest");
  expect(calls).toEqual(["fetchOrders"]);
  await bench.run("ingest");
  expect(await available()).toBe(7);
});
