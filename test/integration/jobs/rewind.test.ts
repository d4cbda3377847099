import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sealLedger } from "../../../src/jobs/seal-ledger.ts";
import { detectRewind } from "../../../src/ledger/log/keep-heads.ts";
import { newestHead } from "../../../src/ledger/log/log-rows.ts";
import { openNote } from "../../../src/ledger/log/note.ts";
import { parseHeadLine, readNewestOutside } from "../../../src/ledger/log/outside-heads.ts";
import { acceptRewind, openRewind } from "../../../src/ledger/log/rewind.ts";
import { unsealedCount } from "../../../src/ledger/log/seal.ts";
import { verifyLive } from "../../../src/ledger/log/verify-live.ts";
import { createTestDatabase, reopenTestDatabase, type TestDatabase } from "../../support/database.ts";
import { JobBench } from "../../support/job-bench.ts";
import { until } from "../../support/until.ts";

let folder: string;
let headFile: string;
let present: TestDatabase;
let backup: TestDatabase;
let restored: JobBench;

const sealAll = (bench: JobBench): Promise<void> =>
  until(async () => {
    bench.clock.advance(10_000);
    await bench.run("seal-ledger");
    return (await unsealedCount(bench.database.db, 1)) === 0;
  });
/** A process that starts this many hours later: its receipts have keys of their own. */
const startedAfter = async (hours: number, database: TestDatabase, files = [headFile]): Promise<JobBench> => {
  const bench = await JobBench.open(database, files);
  bench.clock.advance(hours * 3_600_000);
  return bench;
};
const outsideHeads = () =>
  readFileSync(headFile, "utf8")
    .trimEnd()
    .split("\n")
    .flatMap((line) => parseHeadLine(line) ?? []);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lockstep-rewind-"));
  headFile = join(folder, "tree-heads.jsonl");
  const first = await JobBench.open(undefined, [headFile]);
  await first.stocked("MUG", 10);
  await sealAll(first);
  // The backup of yesterday; then business went on.
  await first.database.db.close();
  backup = await createTestDatabase(first.database.url);
  present = reopenTestDatabase(first.database.url);
  const later = await startedAfter(1, present);
  await later.receive("MUG", 5);
  await sealAll(later);
  restored = await startedAfter(2, backup);
  restored.channel.shown.set("MUG", 15);
});
afterEach(async () => {
  await present.drop();
  await backup.drop();
  rmSync(folder, { recursive: true, force: true });
});

test("a database that goes on where the heads outside end is no rewind", async () => {
  const same = await startedAfter(3, present);
  expect(await detectRewind(same.deps)).toBe(false);
  expect(await openRewind(present.db)).toBeUndefined();
});

test("a restored backup is seen at once, nothing is pushed, and orders are asked for", async () => {
  const { db } = restored.database;
  expect(await detectRewind(restored.deps)).toBe(true);
  expect((await openRewind(db))?.reason).toMatch(
    /speaks of 2 movements; the database holds 1: it is older than what was seen$/,
  );
  await restored.receive("MUG", 1);
  await restored.settle();
  expect(restored.channel.shown.get("MUG")).toBe(15);
  expect(await restored.rows("select 1 from push_attempt where units = 11")).toEqual([]);
  // Said once, however often a sealer looks.
  expect(await detectRewind(restored.deps)).toBe(false);
});

test("the sealer sees it as well, asks every account for its orders, and leaves the head that tells of it alone", async () => {
  const before = readFileSync(headFile, "utf8");
  const woken: string[] = [];
  const deps = { ...restored.deps, wake: (name: string) => woken.push(name) };

  const signal = new AbortController().signal;
  await sealLedger.run({ payload: {}, signal, drain: signal, progress: () => undefined }, deps);
  expect(woken).toEqual(["poll-orders"]);
  await restored.receive("MUG", 1);
  await sealAll(restored);
  expect(readFileSync(headFile, "utf8")).toBe(before);
});

test("after a person accepted it, pushes go on and the heads outside say what was given up", async () => {
  const { db } = restored.database;
  await sealAll(restored);
  await restored.receive("MUG", 1);
  const rewind = await openRewind(db);
  if (rewind === undefined) throw new Error("no rewind was found");
  const accepted = { rewind, actor: "test", now: restored.clock.iso() };
  await until(() => acceptRewind(restored.deps, accepted));
  expect(await openRewind(db)).toBeUndefined();
  await sealAll(restored);
  expect(await openRewind(db)).toBeUndefined();
  const newest = await readNewestOutside(headFile);
  expect(newest?.note).toBe((await newestHead(db))?.note);
  const given = outsideHeads().find(({ head }) => head.rewoundFrom !== undefined);
  expect(given?.head.rewoundFrom?.size).toBe(2);
  expect(openNote(given?.note ?? "", [restored.deps.signer.publicKey])).toBeDefined();
  await restored.run("poll-orders");
  await restored.settle();
  expect(restored.channel.shown.get("MUG")).toBe(11);
  const outside = [{ path: "outside", heads: outsideHeads() }];
  const result = await verifyLive(db, { publicKeys: [restored.deps.signer.publicKey], outside, since: undefined });
  expect(result).toMatchObject({ ok: true, headsGivenUp: 1 });
});

test("another database under the same data folder is a rewind too", async () => {
  const stranger = await createTestDatabase();
  await stranger.db.pool.query("update ledger_log set id = gen_random_uuid()");
  const bench = await JobBench.open(stranger, [headFile]);
  expect(await detectRewind(bench.deps)).toBe(true);
  expect((await openRewind(stranger.db))?.reason).toMatch("are those of another log");
  await bench.close();
});

test("a last line that a crash tore is passed over, and the next head begins a line of its own", async () => {
  const whole = await readNewestOutside(headFile);
  appendFileSync(headFile, '{"publicKey":"lock');
  expect((await readNewestOutside(headFile))?.note).toBe(whole?.note);
  const same = await startedAfter(3, present);
  await same.receive("MUG", 2);
  await sealAll(same);
  expect((await readNewestOutside(headFile))?.head.size).toBe(3);
  writeFileSync(headFile, "");
  expect(await readNewestOutside(headFile)).toBeUndefined();
});

test("a file that cannot be written stops neither the sealer nor the other files", async () => {
  const said: object[] = [];
  const bench = await startedAfter(4, present, [join(headFile, "in-a-file"), headFile]);
  const log = { ...bench.deps.log, error: (fields: object) => said.push(fields) };
  await bench.receive("MUG", 2);

  const signal = new AbortController().signal;
  await until(async () => {
    await sealLedger.run({ payload: {}, signal, drain: signal, progress: () => undefined }, { ...bench.deps, log });
    return (await readNewestOutside(headFile))?.head.size === 3;
  });
  expect(said).toContainEqual(expect.objectContaining({ path: join(headFile, "in-a-file") }));
});
