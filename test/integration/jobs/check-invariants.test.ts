import { afterAll, beforeAll, expect, test } from "vitest";
import { sql } from "../../../src/db/sql.ts";
import { checkInvariants, invariants, invariantsDue, runInvariant } from "../../../src/jobs/check-invariants.ts";
import { sweep } from "../../../src/jobs/sweep.ts";
import { dueChecks, readResults, saveResult } from "../../../src/ledger/invariant-results.ts";
import { createTestDatabase, reopenTestDatabase, type TestDatabase } from "../../support/database.ts";
import { JobBench } from "../../support/job-bench.ts";
import { until } from "../../support/until.ts";

let bench: JobBench;
let good: string;
beforeAll(async () => {
  bench = await JobBench.open();
  await bench.stocked("MUG", 5, 9);
  bench.clock.advance(60_000);
  await bench.run("confirm-pushes");
  await until(async () => {
    await bench.run("seal-ledger");
    return (await bench.rows<{ n: string }>("select count(*) as n from ledger_log_batch"))[0]?.n !== "0";
  });
  good = bench.database.url;
});
afterAll(async () => {
  await closeBench();
  await reopenTestDatabase(good).drop();
});

let isOpen = true;
/** Only a database to which nobody is connected can be copied. */
const closeBench = async (): Promise<void> => {
  if (isOpen) await bench.database.db.close();
  isOpen = false;
};

const run = async (said: object[] = []): Promise<void> => {
  const signal = new AbortController().signal;
  const log = { ...bench.deps.log, error: (fields: object) => said.push(fields) };
  await checkInvariants.run({ payload: {}, signal, drain: signal, progress: () => undefined }, { ...bench.deps, log });
};

test("a system at work breaks no invariant; each is run once an hour, and its result is kept", async () => {
  expect((await bench.rows("select from push_attempt where state = 'applied'")).length).toBeGreaterThan(0);
  const said: object[] = [];
  await run(said);
  expect(said).toEqual([]);
  const results = await readResults(bench.database.db);
  expect(results.map((one) => [one.name, one.violations, one.failure])).toEqual(
    invariants.map(({ name }) => [name, 0, null]).toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  );
  expect(await invariantsDue(bench.database.db, bench.clock.iso())).toEqual([]);
  const woken: string[] = [];
  const sweepNow = () => sweep({ ...bench.deps, wake: (name) => woken.push(name) });
  await sweepNow();
  expect(woken).not.toContain("check-invariants");
  bench.clock.advance(3_600_000);
  await sweepNow();
  expect(woken.filter((name) => name === "check-invariants")).toHaveLength(1);
  expect(await invariantsDue(bench.database.db, bench.clock.iso())).toEqual(invariants.map(({ name }) => name));
});

const insertAttempt = (columns: string): string =>
  `insert into push_attempt (listing_id, account_id, attempt_key, fence, version, units, reason, state, started_at, effect_until,
                             next_read_at, terms)
   select listing_id, account_id, 'planted', ${columns.includes("fence") ? 99 : 1}, settled_version, 1, 'lower', ${columns.replace("fence ", "")}, ledger_clock(), '{}'
     from push_target`;
const insertDelivery = (state: string, reason: string, ageMinutes: number): string =>
  `insert into inbox (account_id, delivery_id, door, topic, received_at, state, reason)
   values ('toy', 'planted', 'poll', 't', ledger_clock() - interval '${ageMinutes} min', '${state}', ${reason})`;

/** Whoever owns the tables can do this, a fault of ours could. */
const faults: readonly (readonly [string, string])[] = [
  [
    "outbox-drains",
    "insert into outbox (topic, subject, data, recorded_at) values ('t', 's', '{}', ledger_clock() - interval '6 min')",
  ],
  [
    "movements-are-sealed-soon",
    `insert into movement (command_key, leg, kind, sku, location_id, d_on_hand, d_reserved, d_incoming, on_hand_after, reserved_after,
                           incoming_after, level_version, cause_type, cause_id, actor, occurred_at, recorded_at)
     values ('late', 0, 'receipt', 'MUG', 'main', 1, 0, 0, 1, 0, 0, 99, 'receipt', 'late', 'test', ledger_clock(),
             ledger_clock() - interval '11 min')`,
  ],
  ["log-batches-gapless", "update ledger_log_batch set first_leaf = first_leaf + 1"],
  ["log-tiles-complete", "update ledger_log_tile set hashes = hashes || hashes where level = 0"],
  [
    "log-heads-never-shrink",
    "insert into ledger_log_head (size, root, note, public_key, signed_at) select size + 1, root, note, public_key, now() from ledger_log_head limit 1",
  ],
  ["deliveries-come-to-an-end", insertDelivery("received", "null", 16)],
  ["ends-are-told", insertDelivery("applied", "null", 0)],
  ["parked-deliveries-say-what-for", insertDelivery("parked", "'no listing'", 0)],
  ["watermarks-are-past", "update account_cursor set watermark = ledger_clock() + interval '1 h'"],
  ["settled-targets-stay-so", insertAttempt("'unknown', ledger_clock(), ledger_clock() + interval '1 h'")],
  ["attempts-come-to-an-end", insertAttempt("'accepted', ledger_clock(), ledger_clock() - interval '16 min'")],
  ["attempts-have-a-lease", insertAttempt("fence 'refused', ledger_clock(), ledger_clock()")],
  ["applied-attempts-were-seen", insertAttempt("'applied', ledger_clock(), ledger_clock()")],
  ["linked-listings-have-targets", "delete from push_target"],
  [
    "no-row-crosses-accounts",
    "insert into account values ('other', 'ebay', 'live', null, now(), null, null, now()); update push_target set account_id = 'other'",
  ],
];

test.each(faults)("%s is found broken", async (name, fault) => {
  await closeBench();
  const broken: TestDatabase = await createTestDatabase(good);
  try {
    const client = await broken.db.pool.connect();
    await client.query("set session_replication_role = replica");
    await client.query(fault);
    client.release(true);
    const check = invariants.find((one) => one.name === name);
    if (check === undefined) throw new Error(`there is no check ${name}`);
    const { violations, subjects, failure } = await runInvariant({ db: broken.db, clock: bench.clock }, check, 60_000);
    expect([failure, (violations ?? 0) > 0, subjects.length > 0]).toEqual([null, true, true]);
  } finally {
    await broken.drop();
  }
});

test("a check that cannot be run to its end says so and keeps when it last could; what it found shows no more", async () => {
  const database = await createTestDatabase();
  try {
    const deps = { db: database.db, clock: bench.clock };
    const check = (text: string) => ({ name: "slow", promise: "p", statement: { text, values: [] } });
    await runInvariant(deps, check("select 'x' as subject"), 60_000);
    const slow = await runInvariant(deps, check("select 'x' as subject from pg_sleep(5)"), 20);
    expect(slow).toMatchObject({ violations: null, failure: expect.stringContaining("statement timeout") });
    const writes = { ...check(""), statement: sql`insert into location values ('x', 'X') returning id as subject` };
    expect(await runInvariant(deps, writes, 60_000)).toMatchObject({ violations: null });
    expect(await readResults(database.db)).toMatchObject([{ violations: null, completedAtMs: bench.clock.now() }]);
  } finally {
    await database.drop();
  }
});

test("a check that takes its time is run less often", async () => {
  const database = await createTestDatabase();
  try {
    const done = { violations: 0, subjects: [], failure: null };
    await saveResult(database.db, { name: "quick", ranAt: "2026-11-01T00:00:00.000Z", tookMs: 36_000, ...done });
    await saveResult(database.db, { name: "long", ranAt: "2026-11-01T00:00:00.000Z", tookMs: 60_000, ...done });
    const dueAt = (now: string) => dueChecks(database.db, ["new", "quick", "long"], { now, everyMs: 3_600_000 });
    expect(await dueAt("2026-11-01T00:59:59.999Z")).toEqual(["new"]);
    expect(await dueAt("2026-11-01T01:00:00.000Z")).toEqual(["new", "quick"]);
    expect(await dueAt("2026-11-01T01:40:00.000Z")).toEqual(["new", "quick", "long"]);
  } finally {
    await database.drop();
  }
});
