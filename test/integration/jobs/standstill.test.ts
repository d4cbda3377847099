import { afterEach, beforeEach, expect, test } from "vitest";
import type { Connector } from "../../../src/connectors/connector.ts";
import { pushAccount } from "../../../src/jobs/push-account.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
});
afterEach(() => bench.close());

test("a worker that stood still between the attempt and the call sends nothing, and the push is planned anew", async () => {
  await bench.stocked("A", 10);
  bench.channel.shown.set("A", 30);
  await bench.receive("A", 1);
  await bench.run("publish-events");
  const { clock, db } = bench.deps;
  let isStanding = false;
  // The worker stands still for 90 s when its attempts are committed.
  const connect = async () => {
    const client = await db.pool.connect();
    const query = client.query.bind(client) as (text: unknown, values?: unknown) => Promise<unknown>;
    let opensAttempts = false;
    return new Proxy(client, {
      get: (target, name) =>
        name !== "query"
          ? Reflect.get(target, name, target)
          : async (text: unknown, values?: unknown) => {
              opensAttempts ||= JSON.stringify(text).includes("insert into push_attempt");
              const answer = await query(text, values);
              if (text === "commit" && opensAttempts && !isStanding) {
                isStanding = true;
                bench.clock.advance(90_000);
              }
              return answer;
            },
    });
  };
  const pool = new Proxy(db.pool, {
    get: (target, name) =>
      name === "connect" ? connect : (Reflect.get(target, name, target) as () => unknown).bind(target),
  });
  const { signal } = new AbortController();
  const run = { payload: { accountId }, signal, drain: signal, progress: () => undefined };
  await pushAccount.run(run, { ...bench.deps, clock, db: { ...db, pool } });
  expect(isStanding).toBe(true);
  expect(bench.channel.writes).toEqual([]);
  expect(await bench.rows("select state from push_attempt")).toEqual([{ state: "refused" }]);
  await bench.settle();
  expect(bench.channel.shown.get("A")).toBe(11);
});

test("a worker that stood still after its reading sends nothing from it, and reads anew", async () => {
  await bench.stocked("A", 10);
  bench.channel.shown.set("A", 30);
  await bench.receive("A", 1);
  await bench.run("publish-events");
  const { signal } = new AbortController();
  const run = { payload: { accountId }, signal, drain: signal, progress: () => undefined };
  const connectorFor = (id: string): Connector | undefined => {
    const connector = bench.deps.connectorFor(id);
    if (connector === undefined) return undefined;
    const readQuantities: Connector["readQuantities"] = async (...asked) => {
      const readings = await connector.readQuantities(...asked);
      bench.clock.advance(46_000);
      return readings;
    };
    return { ...connector, readQuantities };
  };
  expect(await pushAccount.run(run, { ...bench.deps, connectorFor })).toEqual({ againAfterMs: 0 });
  expect(await bench.rows("select state from push_attempt")).toEqual([]);
  await bench.run("push-account");
  await bench.settle();
  expect(bench.channel.shown.get("A")).toBe(11);
});
