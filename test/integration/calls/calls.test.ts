import { afterEach, beforeEach, expect, test } from "vitest";
import { dropCalls } from "../../../src/jobs/drop-calls.ts";
import { createCallWriter } from "../../../src/sync/call-writer.ts";
import { type ChannelCall, readCalls } from "../../../src/sync/channel-calls.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
});
afterEach(() => bench.close());

const warnings: string[] = [];
const log = { warn: (_fields: object, message: string) => void warnings.push(message) };
const call = (changes: Partial<ChannelCall> = {}): ChannelCall => ({
  accountId,
  at: bench.clock.iso(),
  callClass: "push",
  attemptKey: null,
  method: "PATCH",
  path: "/listings/2021-08-01/items/{}/{}",
  operation: null,
  status: 200,
  durationMs: 12,
  outcome: "ok",
  channelCode: null,
  requestId: "request-1",
  names: [],
  facts: {},
  ...changes,
});
const asked = { accountId: null, listing: null, attemptKey: null, since: "2026-01-01T00:00:00Z", rowsMax: 100 };

test("calls are kept in the background, and found by account, listing, attempt and time", async () => {
  await bench.stocked("A", 5, 3);
  const [attempt] = await bench.rows<{ key: string }>("select attempt_key as key from push_attempt");
  const writer = createCallWriter({ db: bench.database.db, log });
  writer.keep(call({ names: ["A"], facts: { sent: { quantity: 5 } }, attemptKey: attempt?.key ?? "" }));
  writer.keep(call({ method: "PUT", path: "/{}", attemptKey: attempt?.key ?? "" }));
  writer.keep(call({ names: ["B"], attemptKey: "another" }));
  writer.keep(call({ accountId: "other", names: ["A"] }));
  bench.clock.advance(3_600_000);
  writer.keep(call({ callClass: "orders", method: "GET", status: null, outcome: "retryable" }));
  await writer.settled();
  const { db } = bench.database;
  expect(await readCalls(db, asked)).toHaveLength(5);
  expect(await readCalls(db, { ...asked, accountId: "other" })).toHaveLength(1);
  // The upload names nothing, but it belongs to the listing's attempt.
  const ofListing = await readCalls(db, { ...asked, listing: "A" });
  expect(ofListing.map(({ method }) => method).toSorted()).toEqual(["PATCH", "PUT"]);
  expect(ofListing.find(({ method }) => method === "PATCH")).toMatchObject({
    names: ["A"],
    facts: { sent: { quantity: 5 } },
  });
  expect(await readCalls(db, { ...asked, attemptKey: "another" })).toMatchObject([{ names: ["B"] }]);
  expect(await readCalls(db, { ...asked, since: bench.clock.iso(-1_000) })).toMatchObject([
    { status: null, outcome: "retryable" },
  ]);
});

test("after fourteen days calls are dropped", async () => {
  const writer = createCallWriter({ db: bench.database.db, log });
  for (let index = 0; index < 20; index += 1) writer.keep(call());
  bench.clock.advance(13 * 86_400_000);
  writer.keep(call({ names: ["young"] }));
  await writer.settled();
  const { signal } = new AbortController();
  const drop = () => dropCalls.run({ payload: {}, signal, drain: signal, progress: () => undefined }, bench.deps);
  await drop();
  expect(await readCalls(bench.database.db, asked)).toHaveLength(21);
  bench.clock.advance(2 * 86_400_000);
  await drop();
  expect(await readCalls(bench.database.db, asked)).toMatchObject([{ names: ["young"] }]);
});

test("a database that refuses costs notes, never a call", async () => {
  const other = await JobBench.open();
  const { db } = other.database;
  await db.pool.query("drop table channel_call");
  const writer = createCallWriter({ db, log });
  for (let index = 0; index < 10; index += 1) writer.keep(call());
  await writer.settled();
  expect(writer.dropped()).toBe(10);
  expect(warnings).toEqual(["notes of calls could not be kept"]);
  for (let index = 0; index < 6_000; index += 1) writer.keep(call());
  expect(writer.dropped()).toBe(10 + 1_000);
  await writer.settled();
  await other.close();
});
