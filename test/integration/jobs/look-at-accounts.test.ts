import { afterEach, beforeEach, expect, test } from "vitest";
import { registerWorkGauges } from "../../../src/compose/gauges.ts";
import type { ChannelStockRow, CheckFinding, Connector } from "../../../src/connectors/connector.ts";
import { ChannelError } from "../../../src/core/failure.ts";
import { ensureSubscriptions } from "../../../src/jobs/ensure-subscriptions.ts";
import { readChannelStock } from "../../../src/jobs/read-channel-stock.ts";
import { sweep } from "../../../src/jobs/sweep.ts";
import { upsertLocations } from "../../../src/ledger/queries.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { listFindings } from "../../../src/sync/findings.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";
import { TestClock } from "../../support/test-clock.ts";
import { ToyChannel } from "../../support/toy-channel.ts";

let bench: JobBench;
let toy: ToyChannel;
/** What the channel's side looks like, and how often we made something. */
let channel: { subscribed: boolean; made: number; fails: ChannelError | undefined; stock: ChannelStockRow[] };
beforeEach(async () => {
  channel = { subscribed: false, made: 0, fails: undefined, stock: [] };
  toy = new ToyChannel(new TestClock());
  bench = await JobBench.open(undefined, [], connector());
  await upsertLocations(bench.deps.db, [{ id: "fba-us", name: "FBA" }]);
});
afterEach(() => bench.close());

const connector = (): Connector => {
  const told = (): CheckFinding =>
    channel.subscribed
      ? { check: "subscription ORDERS", ok: true, detail: "subscribed" }
      : { check: "subscription ORDERS", ok: false, detail: "there is none", fix: "make it" };
  return {
    ...toy.connector(),
    check: () =>
      Promise.resolve([{ check: "credentials", ok: true, detail: "good", expiresAt: "2026-12-01T00:00:00.000Z" }]),
    subscriptions: {
      audit: () => Promise.resolve([told()]),
      ensure: () => {
        if (channel.fails !== undefined) return Promise.reject(channel.fails);
        if (!channel.subscribed) channel.made += 1;
        channel.subscribed = true;
        return Promise.resolve([told()]);
      },
    },
    channelStock: { read: () => Promise.resolve(channel.stock) },
  };
};

type Line = { readonly level: string; readonly message: string; readonly fields: object };
const logged: Line[] = [];
const deps = () => {
  logged.length = 0;
  const at = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message });
  const plan = bench.deps.planFor(accountId);
  return {
    ...bench.deps,
    log: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
    planFor: () =>
      plan && { ...plan, channelStockLocationId: "fba-us", expires: { "client secret": "2027-06-01T00:00:00.000Z" } },
  };
};
const signal = new AbortController().signal;
const one = { payload: { accountId }, signal, drain: signal, progress: () => undefined };
const findings = async () => (await listFindings(bench.deps.db)).map(({ name, ok }) => `${name} ${ok}`);

test("what the channel dropped is restored within a day, findings are kept, and what ends soon is warned of", async () => {
  const woken: string[] = [];
  const watching = { ...deps(), wake: (name: string) => void woken.push(name) };
  await sweep(watching);
  expect(woken).toContain("ensure-subscriptions");
  await ensureSubscriptions.run(one, deps());
  expect(channel.made).toBe(1);
  expect(await findings()).toEqual(["credentials true", "expiry of client secret true", "subscription ORDERS true"]);
  expect(logged.filter(({ level }) => level === "warn").map(({ fields }) => fields)).toMatchObject([
    { check: "credentials", days: 10 },
  ]);
  channel.subscribed = false;
  woken.length = 0;
  bench.clock.advance(3_600_000);
  await sweep(watching);
  expect(woken).not.toContain("ensure-subscriptions");
  bench.clock.advance(86_400_000);
  await sweep(watching);
  expect(woken).toContain("ensure-subscriptions");
  await ensureSubscriptions.run(one, deps());
  expect(channel.made).toBe(2);
});

test("days left and things that are wrong are metrics", async () => {
  channel.fails = new ChannelError({ kind: "retryable", message: "no answer" });
  await expect(ensureSubscriptions.run(one, deps())).rejects.toThrow("no answer");
  const metrics = createMetrics();
  const queues = { counts: () => Promise.resolve({}) };
  registerWorkGauges({ db: bench.deps.db, clock: bench.clock, metrics, queues });
  const text = await metrics.registry.metrics();
  expect(text).toContain('lockstep_expiry_days{account="toy",what="credentials"} 10');
  expect(text).toContain('lockstep_expiry_days{account="toy",what="client secret"} 192');
  expect(text).toContain('lockstep_account_findings{account="toy"} 1');
});

test("a failure is kept as a finding beside the others, logged once, and told when it is mended", async () => {
  channel.fails = new ChannelError({ kind: "retryable", message: "no answer" });
  await expect(ensureSubscriptions.run(one, deps())).rejects.toThrow("no answer");
  expect(await findings()).toEqual(["subscriptions false", "credentials true", "expiry of client secret true"]);
  expect(logged.filter(({ message }) => message.startsWith("something is wrong"))).toHaveLength(1);
  bench.clock.advance(600_000);
  await expect(ensureSubscriptions.run(one, deps())).rejects.toThrow("no answer");
  expect(logged.filter(({ message }) => message.startsWith("something is wrong"))).toEqual([]);
  channel.fails = undefined;
  await ensureSubscriptions.run(one, deps());
  expect(await findings()).toEqual(["credentials true", "expiry of client secret true", "subscription ORDERS true"]);
});

test("credentials that work again have the subscriptions looked at", async () => {
  const woken: string[] = [];
  await bench.rows(`update account set state = 'needs-attention', resume_state = 'live' where id = '${accountId}'`);
  const { pollOrders } = await import("../../../src/jobs/poll-orders.ts");
  await pollOrders.run(one, { ...deps(), wake: (name) => void woken.push(name) });
  expect(woken).toContain("ensure-subscriptions");
});

const held = async () =>
  (
    await bench.rows<{ sku: string; location_id: string; on_hand: string }>(
      "select sku, location_id, on_hand from stock_level order by location_id, sku",
    )
  ).map(({ sku, location_id, on_hand }) => `${location_id} ${sku} ${on_hand}`);
const row = (channelSku: string, units: number, region = "US") => ({ channelSku, region, units, changedAt: null });

test("stock that lies with the channel is counted into a location of its own, once a change, and never pushed", async () => {
  await bench.receive("A", 3);
  await bench.receive("B", 1);
  channel.stock = [row("A", 8), row("A", 8, "CA"), row("STRANGE", 4)];
  await readChannelStock.run(one, deps());
  expect(await held()).toEqual(["fba-us A 8", "main A 3", "main B 1"]);
  expect(logged.at(-1)?.fields).toMatchObject({ skus: 1, counted: 1, unknown: 1 });
  bench.clock.advance(60_000);
  await readChannelStock.run(one, deps());
  expect(logged.at(-1)?.fields).toMatchObject({ counted: 0 });
  channel.stock = [row("B", 5)];
  bench.clock.advance(60_000);
  await readChannelStock.run(one, deps());
  expect(await held()).toEqual(["fba-us A 0", "fba-us B 5", "main A 3", "main B 1"]);
}, 120_000);

test("what a listing may show knows nothing of the channel's own stock", async () => {
  await bench.receive("A", 3);
  channel.stock = [row("A", 8)];
  await readChannelStock.run(one, deps());
  toy.shown.set("A", 1);
  await bench.run("import-listings");
  await bench.run("poll-orders");
  await bench.settle();
  expect(toy.writes.map(({ ref, units }) => `${ref} ${units}`)).toEqual(["A 3"]);
  expect(await held()).toEqual(["fba-us A 8", "main A 3"]);
});

test("nothing is counted when the channel could not tell all of it", async () => {
  await bench.receive("A", 3);
  channel.stock = [row("A", 8)];
  await readChannelStock.run(one, deps());
  const broken = {
    ...connector(),
    channelStock: { read: () => Promise.reject(new ChannelError({ kind: "retryable", message: "half" })) },
  };
  bench.clock.advance(60_000);
  await expect(readChannelStock.run(one, { ...deps(), connectorFor: () => broken })).rejects.toThrow("half");
  expect(await held()).toEqual(["fba-us A 8", "main A 3"]);
});
