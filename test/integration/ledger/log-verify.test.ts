import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Secret } from "../../../src/core/secret.ts";
import { parseEntryLine, parseHeader } from "../../../src/ledger/log/export-format.ts";
import { exportLog } from "../../../src/ledger/log/export-log.ts";
import type { HeadToJudge } from "../../../src/ledger/log/judge-heads.ts";
import { readHeads } from "../../../src/ledger/log/log-rows.ts";
import { Frontier, leafHash } from "../../../src/ledger/log/merkle.ts";
import { parseNote, type Signer, signHead } from "../../../src/ledger/log/note.ts";
import { headLine, parseHeadLine } from "../../../src/ledger/log/outside-heads.ts";
import { readLines } from "../../../src/ledger/log/read-lines.ts";
import { signerOf } from "../../../src/ledger/log/signing-key.ts";
import { type VerifyResult, verifyExport } from "../../../src/ledger/log/verify-export.ts";
import { verifyLive } from "../../../src/ledger/log/verify-live.ts";
import { LogBench } from "../../support/log-bench.ts";

const exported = async (bench: LogBench, part: { from?: number; to?: number } = {}): Promise<string> => {
  let text = "";
  for await (const line of exportLog(bench.database.db, part)) text += `${line}\n`;
  return text;
};
const verifyText = (
  text: string | Buffer,
  given: { publicKeys?: readonly string[]; outside?: readonly HeadToJudge[] } = {},
): Promise<VerifyResult> =>
  verifyExport(readLines(Readable.from([Buffer.from(text)])), {
    publicKeys: given.publicKeys ?? [],
    outside: given.outside ?? [],
  });
const headsOf = async (bench: LogBench): Promise<readonly HeadToJudge[]> =>
  (await readHeads(bench.database.db, 1_000)).map((row) => parseHeadLine(headLine(row)) as HeadToJudge);

/** What a forger with a key makes of an export: every hash, root and signature anew. */
const forge = (text: string, signer: Signer, change: (entry: string) => string): string => {
  const [first = "", ...rest] = text.trimEnd().split("\n");
  const header = parseHeader(first);
  const head = parseNote(header?.head ?? "");
  if (header === undefined || head === undefined) throw new Error("not an export");
  const frontier = new Frontier();
  const entries = rest.slice(0, header.to).map((line, leaf) => {
    const entry = change(parseEntryLine(line)?.entry ?? "");
    frontier.append(leafHash(entry));
    return `{"leaf":${leaf},"hash":"${leafHash(entry).toString("base64")}","entry":${entry}}`;
  });
  const note = signHead({ ...head, root: frontier.root() }, signer);
  const made = { ...header, publicKey: signer.publicKey, head: note, headSizes: [header.to] };
  return `${[JSON.stringify(made), ...entries, headLine({ publicKey: signer.publicKey, note })].join("\n")}\n`;
};

let bench: LogBench;
let text: string;
let trusted: readonly string[];
let outside: readonly HeadToJudge[];
beforeAll(async () => {
  bench = await LogBench.open();
  for (const count of [3, 1, 4]) await bench.grow(count);
  text = await exported(bench);
  trusted = [bench.deps.signer.publicKey];
  outside = await headsOf(bench);
});
afterAll(() => bench.close());
const lineOf = (leaf: number): string => text.split("\n")[leaf + 1] ?? "";

test("an export verifies with nothing but itself, with the key, and with the heads outside", async () => {
  for (const given of [{}, { publicKeys: trusted }, { publicKeys: trusted, outside }])
    expect(await verifyText(text, given)).toMatchObject({ ok: true, problems: [], entries: 8, treeSize: 8 });
});

test("any part of the log proves itself as well", async () => {
  for (let from = 0; from <= 8; from += 1) {
    for (let to = from; to <= 8; to += 1) {
      const result = await verifyText(await exported(bench, { from, to }), { publicKeys: trusted, outside });
      expect(result, `${from} to ${to}`).toMatchObject({ ok: true, entries: to - from });
    }
  }
  await expect(exported(bench, { from: 3, to: 9 })).rejects.toThrow("does not fit");
});

test("one byte changed, wherever it is, is found", async () => {
  const bytes = Buffer.from(await exported(bench, { from: 3, to: 6 }));
  for (let at = 0; at < bytes.length; at += 1) {
    for (const mask of [0x01, 0x20]) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ mask, at);
      const result = await verifyText(changed, { publicKeys: trusted });
      expect(result.ok, `byte ${at} of ${bytes.length}, ${mask}`).toBe(false);
    }
  }
});

test("a changed entry is named", async () => {
  const line = lineOf(4);
  const changed = line.replace('"d_on_hand":1', '"d_on_hand":9');
  expect(changed).not.toBe(line);
  const { problems } = await verifyText(text.replace(line, changed));
  expect(problems).toEqual([
    expect.stringMatching(/^line 6: leaf 4, movement \d+ \(receipt, "MUG"\), is not what was sealed$/),
  ]);
});

test("a removed entry, a reordered one and a cut tail are named", async () => {
  const [second, third] = [lineOf(2), lineOf(3)];
  const removed = await verifyText(text.replace(`${second}\n`, ""));
  expect(removed.problems).toEqual([
    "line 4: leaf 2 is expected, but leaf 3 follows: entries were removed or reordered",
  ]);
  const swapped = text.replace(`${second}\n${third}\n`, `${third}\n${second}\n`);
  expect((await verifyText(swapped)).problems[0]).toMatch(/^line 4: leaf 2 is expected, but leaf 3 follows/);
  const cut = text.slice(0, text.indexOf(lineOf(6)));
  expect((await verifyText(cut)).problems).toEqual([
    "line 8: leaf 6 and what follows are missing: the file was cut short",
  ]);
  expect((await verifyText(cut.slice(0, -5))).problems[0]).toMatch(/ends in the middle/);
  expect((await verifyText("")).problems[0]).toMatch(/^line 1: is not the header/);
});

test("entries that were removed and numbered anew do not make the signed root", async () => {
  const lines = text.trimEnd().split("\n");
  // Leaf 2 becomes a copy of leaf 3, with its own right hash.
  const copy = (lines[4] ?? "").replace('{"leaf":3,', '{"leaf":2,');
  const doubled = [...lines.slice(0, 3), copy, ...lines.slice(4)];
  const { problems } = await verifyText(`${doubled.join("\n")}\n`);
  expect(problems[0]).toMatch(/\(3 movements\) no longer fits: the first bad entry is one of the leaves 0 to 2$/);
});

test("a tail that was left out with an older head in its place shows against a head outside", async () => {
  const heads = await headsOf(bench);
  const older = heads.find(({ head }) => head.size === 4);
  if (older === undefined) throw new Error("there is no head over 4 movements");
  const header = { ...parseHeader(text.split("\n")[0] ?? ""), head: older.note, to: 4, right: [], headSizes: [4] };
  const short = `${[JSON.stringify(header), ...text.split("\n").slice(1, 5), headLine(older)].join("\n")}\n`;
  // Alone it is a true export of an earlier day.
  expect(await verifyText(short, { publicKeys: trusted })).toMatchObject({ ok: true, entries: 4 });
  const { problems } = await verifyText(short, { publicKeys: trusted, outside });
  expect(problems).toEqual([
    expect.stringMatching(/the tail is missing: the head of .* speaks of 8 movements, there are 4$/),
  ]);
});

test("a chain made anew shows: another key is not trusted, and even our own does not fit the heads outside", async () => {
  const change = (entry: string): string => entry.replace('"level_version":6,', '"level_version":7,');
  const stranger = forge(text, signerOf(new Secret("c".repeat(64))), change);
  expect(await verifyText(stranger)).toMatchObject({ ok: true });
  expect((await verifyText(stranger, { publicKeys: trusted })).problems[0]).toMatch(/which is not the key to trust/);
  const insider = forge(text, bench.deps.signer, change);
  expect(await verifyText(insider, { publicKeys: trusted })).toMatchObject({ ok: true });
  expect((await verifyText(insider, { publicKeys: trusted, outside })).problems).toEqual([
    expect.stringMatching(/\(8 movements\) no longer fits: the first bad entry is one of the leaves 4 to 7$/),
  ]);
});

let live: LogBench;
let movementIds: readonly number[];
beforeEach(async () => {
  live = await LogBench.open();
  for (const count of [2, 300]) await live.grow(count);
  movementIds = (await live.database.db.pool.query<{ id: number }>("select id from movement order by id")).rows.map(
    (row) => row.id,
  );
});
afterEach(() => live.close());
const verifyDatabase = async (heads?: readonly HeadToJudge[], since?: string): Promise<VerifyResult> =>
  verifyLive(live.database.db, {
    publicKeys: [live.deps.signer.publicKey],
    outside: heads === undefined ? [] : [{ path: "outside", heads }],
    since,
  });
const idOf = (leaf: number): number => movementIds[leaf] ?? 0;

test("a database that nobody touched verifies", async () => {
  const result = await verifyDatabase(await headsOf(live));
  expect(result).toMatchObject({ ok: true, problems: [], entries: 302, treeSize: 302 });
});

test("a row that a superuser changed, removed, added or moved is named", async () => {
  const cases = [
    [
      `update movement set reason = 'lies' where id = ${idOf(100)}`,
      `movement ${idOf(100)} (receipt, "MUG" at main) is not what was sealed`,
    ],
    [
      `delete from movement where id = ${idOf(100)}`,
      `the movement of leaf 100 is gone, after movement ${idOf(99)} (receipt, "MUG" at main)`,
    ],
    [
      `delete from movement where id = ${idOf(301)}`,
      `the movement of leaf 301 is gone, after movement ${idOf(300)} (receipt, "MUG" at main)`,
    ],
    [
      `update movement set xact = (select xact from movement where id = ${idOf(301)}) where id = ${idOf(0)}`,
      `the movement of leaf 0 is gone`,
    ],
  ] as const;
  for (const [statement, problem] of cases) {
    const copy = await LogBench.open();
    try {
      for (const count of [2, 300]) await copy.grow(count);
      await copy.asSuperuser(statement);
      const result = await verifyLive(copy.database.db, {
        publicKeys: [copy.deps.signer.publicKey],
        outside: [],
        since: undefined,
      });
      expect(result.problems[0], statement).toBe(problem);
    } finally {
      await copy.close();
    }
  }
});

test("a row slipped in between sealed ones is named", async () => {
  await live.asSuperuser(`
    insert into movement (id, xact, command_key, leg, kind, sku, location_id, d_on_hand, d_reserved, d_incoming, on_hand_after,
                          reserved_after, incoming_after, level_version, cause_type, cause_id, actor, occurred_at, recorded_at)
    select -5, xact, 'slipped', 0, 'receipt', 'GIFT', 'main', 5, 0, 0, 5, 0, 0, 1, 'receipt', 'x', 'nobody', now(), now()
      from movement where id = ${idOf(100)}`);
  expect((await verifyDatabase()).problems).toEqual([`movement -5 (receipt, "GIFT" at main) was never sealed`]);
});

test("hashes that were made to fit a changed row do not fit the signed heads", async () => {
  await live.asSuperuser(`update movement set d_on_hand = 9 where id = ${idOf(100)}`);
  const row = (
    await live.database.db.pool.query<{ hashes: Buffer }>(
      "select hashes from ledger_log_tile where level = 0 and tile = 0",
    )
  ).rows[0];
  const named = (await verifyDatabase()).problems[0];
  expect(named).toMatch(`movement ${idOf(100)} `);
  const hashes = Buffer.from(row?.hashes ?? "");
  hashes.writeUInt8(hashes.readUInt8(100 * 32) ^ 1, 100 * 32);
  await live.asSuperuser(
    `update movement set d_on_hand = 1 where id = ${idOf(100)}`,
    `update ledger_log_tile set hashes = '\\x${hashes.toString("hex")}' where level = 0 and tile = 0`,
  );
  const { problems } = await verifyDatabase();
  expect(problems.join("\n")).toMatch(
    /\(302 movements\) no longer fits: the first bad entry is one of the leaves 2 to 301/,
  );
});

test("heads that were changed, or signed by a stranger, are found", async () => {
  await live.asSuperuser("update ledger_log_head set root = sha256('x') where size = 2");
  expect((await verifyDatabase()).problems).toEqual(["the stored head over 2 movements is not what its note says"]);
  await live.asSuperuser("update ledger_log_head set root = (select root from ledger_log_head where size = 302)");
  const other = await LogBench.open("b".repeat(64));
  const result = await verifyLive(live.database.db, {
    publicKeys: [other.deps.signer.publicKey],
    outside: [],
    since: undefined,
  });
  await other.close();
  expect(result.problems.join("\n")).toMatch("the newest head is not signed by a key that is trusted here");
});

test("a log that was cut back with its movements shows against the heads outside alone", async () => {
  const heads = await headsOf(live);
  await live.asSuperuser(
    `delete from movement where id >= ${idOf(2)}`,
    "delete from ledger_log_batch where first_leaf >= 2",
    "delete from ledger_log_head where size > 2",
    "delete from ledger_log_tile where (level, tile) <> (0, 0)",
    "update ledger_log_tile set hashes = substring(hashes for 64)",
  );
  expect(await verifyDatabase()).toMatchObject({ ok: true, entries: 2 });
  expect((await verifyDatabase(heads)).problems).toEqual([
    expect.stringMatching(/^outside: the tail is missing: .* speaks of 302 movements, there are 2$/),
  ]);
});

test("movements that were let go with their month leave proofs and heads as they were", async () => {
  await live.asSuperuser("delete from movement");
  const future = new Date(Date.now() + 3_600_000).toISOString();
  expect(await verifyDatabase(await headsOf(live), future)).toMatchObject({ ok: true, entries: 302 });
  expect((await verifyDatabase()).ok).toBe(false);
  await expect(exported(live)).rejects.toThrow("are not all in the database: the movement of leaf 0 is gone");
  expect(await verifyText(await exported(live, { from: 302 }))).toMatchObject({ ok: true, entries: 0, treeSize: 302 });
});

test("a changed row is exported as it is, and the export names it", async () => {
  await live.asSuperuser(`update movement set sku = 'OTHER' where id = ${idOf(200)}`);
  expect((await verifyText(await exported(live))).problems).toEqual([
    `line 202: leaf 200, movement ${idOf(200)} (receipt, "OTHER"), is not what was sealed`,
  ]);
});
