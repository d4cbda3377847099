import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { query, sql } from "../../../src/db/sql.ts";
import { inTransaction } from "../../../src/db/transaction.ts";
import { batchesFrom, movementsOfBatch } from "../../../src/ledger/log/batches.ts";
import { entryOf } from "../../../src/ledger/log/entry.ts";
import { newestHead, readHeads, readLeafHashes, readRoot, readTreeSize } from "../../../src/ledger/log/log-rows.ts";
import { Frontier, leafHash, verifyConsistency, verifyInclusion } from "../../../src/ledger/log/merkle.ts";
import { openNote } from "../../../src/ledger/log/note.ts";
import { proveConsistency, proveInclusion } from "../../../src/ledger/log/prove.ts";
import { isSealDue, noteLook, seal, unsealedCount } from "../../../src/ledger/log/seal.ts";
import { insertMovements, LogBench } from "../../support/log-bench.ts";
import { until } from "../../support/until.ts";

let bench: LogBench;
beforeEach(async () => {
  bench = await LogBench.open();
});
afterEach(() => bench.close());

/** Ids of the sealed movements, leaf by leaf, each held against its hash. */
const sealedIds = async (): Promise<readonly number[]> => {
  const { db } = bench.database;
  const ids: number[] = [];
  for (const batch of await batchesFrom(db, 0)) {
    expect(batch.firstLeaf).toBe(ids.length);
    const rows = await movementsOfBatch(db, batch);
    const hashes = await readLeafHashes(db, { from: batch.firstLeaf, to: batch.firstLeaf + batch.movements });
    expect(hashes).toEqual(rows.map((row) => leafHash(entryOf(row))));
    ids.push(...rows.map((row) => row.id));
  }
  return ids;
};
const allIds = async (): Promise<readonly number[]> =>
  (await query(bench.database.db, z.object({ id: z.number() }), sql`select id from movement order by id`)).map(
    (row) => row.id,
  );

test("an empty log has a signed head of the empty tree", async () => {
  await seal(bench.deps);
  const head = await newestHead(bench.database.db);
  expect(head?.size).toBe(0);
  expect(openNote(head?.note ?? "", [bench.deps.signer.publicKey])?.size).toBe(0);
});

test("what was committed is sealed once, in order, and under a signed head", async () => {
  await bench.grow(5);
  await bench.grow(700);
  await bench.sealAll();
  expect(await sealedIds()).toEqual(await allIds());
  const { db } = bench.database;
  const heads = await readHeads(db, 100);
  expect(heads.at(-1)?.size).toBe(705);
  const frontier = new Frontier();
  for (const hash of await readLeafHashes(db, { from: 0, to: 705 })) frontier.append(hash);
  expect(openNote(heads.at(-1)?.note ?? "", [bench.deps.signer.publicKey])?.root).toEqual(frontier.root());
});

test("the database writes an entry byte for byte as we do, whatever characters it holds", async () => {
  const { db } = bench.database;
  const controls = Array.from({ length: 31 }, (_, at) => String.fromCharCode(at + 1)).join("");
  const texts = [
    controls,
    '"\\/</script>',
    "\u007f\u0080\u00a0\u2028\u2029\ufeff\ufffd",
    "größer 寿司 e\u0301",
    "🧦",
    " ",
    "null",
  ];
  for (const text of texts) await insertMovements(db, 1, text);
  await bench.sealAll();
  expect(await sealedIds()).toHaveLength(texts.length);
});

test("a transaction that commits late is sealed after it, and nobody is passed by", async () => {
  const { db } = bench.database;
  let finish = (): void => undefined;
  let hasBegun = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    hasBegun = resolve;
  });
  const late = inTransaction(db, async (tx) => {
    await insertMovements(tx, 2, "LATE");
    hasBegun();
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
  });
  await begun;
  await insertMovements(db, 3, "EARLY");
  await seal(bench.deps);
  // The later ids are committed, and wait: an older transaction still runs.
  expect(await readTreeSize(db)).toBe(0);
  expect(await unsealedCount(db, 10)).toBe(3);
  finish();
  await late;
  await bench.sealAll();
  expect((await sealedIds()).length).toBe(5);
  expect(await sealedIds()).toEqual(await allIds());
});

test("ids that were drawn in another order than transactions began are still a dense order", async () => {
  const { db } = bench.database;
  let finish = (): void => undefined;
  let hasBegun = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    hasBegun = resolve;
  });
  const older = inTransaction(db, async (tx) => {
    await query(tx, z.object({}), sql`select pg_current_xact_id()`);
    hasBegun();
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    await insertMovements(tx, 1, "OLDER");
  });
  await begun;
  await insertMovements(db, 2, "YOUNGER");
  finish();
  await older;
  await bench.sealAll();
  // By transaction first: the older transaction's movement has the highest id and the first leaf.
  const [first = 0, second = 0, third = 0] = await allIds();
  expect(await sealedIds()).toEqual([third, first, second]);
  expect((await proveInclusion(db, third))?.leafIndex).toBe(0);
  expect((await proveInclusion(db, second))?.leafIndex).toBe(2);
});

test("two sealers at once seal everything once", async () => {
  await insertMovements(bench.database.db, 900);
  await until(async () => {
    await Promise.all(Array.from({ length: 4 }, () => seal(bench.deps, 50)));
    return (await unsealedCount(bench.database.db, 1)) === 0;
  });
  expect(await sealedIds()).toEqual(await allIds());
});

test("while one sealer is at work another leaves the turn to it", async () => {
  const { db } = bench.database;
  await inTransaction(db, async (tx) => {
    await query(tx, z.object({}), sql`select pg_advisory_xact_lock(4711002)`);
    expect(await seal(bench.deps)).toBeUndefined();
  });
  expect(await seal(bench.deps)).toBe(0);
});

test("a sealer that dies before its commit leaves nothing behind", async () => {
  const { db } = bench.database;
  await bench.grow(300);
  const before = await readRoot(db, 300);
  await insertMovements(db, 300);
  const dies = { ...bench.deps, signer: { ...bench.deps.signer, publicKey: "no key" } };
  await until(
    async () =>
      (await seal(dies).then(
        () => "sealed",
        () => "died",
      )) === "died",
  );
  expect(await readTreeSize(db)).toBe(300);
  await bench.sealAll();
  expect(await readTreeSize(db)).toBe(600);
  expect(await readRoot(db, 300)).toEqual(before);
  expect(await sealedIds()).toEqual(await allIds());
});

test("another key signs a head of its own at once", async () => {
  await bench.grow(3);
  const other = await LogBench.open("b".repeat(64));
  await seal({ ...bench.deps, signer: other.deps.signer });
  await other.close();
  const heads = await readHeads(bench.database.db, 10);
  expect(heads.slice(-2).map((head) => head.size)).toEqual([3, 3]);
  expect(openNote(heads.at(-1)?.note ?? "", [other.deps.signer.publicKey])?.size).toBe(3);
});

test("every movement and every pair of heads has a proof that verifies", async () => {
  const { db } = bench.database;
  for (const count of [1, 2, 253, 1, 255, 3]) await bench.grow(count);
  const newest = await newestHead(db);
  const ids = await allIds();
  for (const at of [0, 1, 254, 255, 256, 511, 514]) {
    const proof = await proveInclusion(db, ids[at] ?? 0);
    expect(proof?.leafIndex).toBe(at);
    expect(proof?.treeSize).toBe(515);
    expect(leafHash(proof?.entry ?? "")).toEqual(proof?.leafHash);
    const { leafIndex = -1, leafHash: leaf = Buffer.alloc(0), path = [] } = proof ?? {};
    expect(verifyInclusion({ leafIndex, size: 515, leaf, path, root: newest?.root ?? Buffer.alloc(0) })).toBe(true);
  }
  const heads = (await readHeads(db, 10)).filter((head) => head.size > 0);
  for (const first of heads) {
    for (const second of heads.filter((head) => head.size >= first.size)) {
      const { path } = await proveConsistency(db, first.size, second.size);
      const sizes = { first: first.size, second: second.size };
      expect(verifyConsistency({ ...sizes, firstRoot: first.root, secondRoot: second.root, path })).toBe(true);
    }
  }
  expect(await proveInclusion(db, (ids.at(-1) ?? 0) + 1)).toBeUndefined();
});

test("a dump restored into another cluster is sealed on, though its transactions were numbered higher", async () => {
  const { db } = bench.database;
  await bench.grow(4);
  // As after a restore: what is there carries numbers far above those handed out now, and two rows were not sealed yet.
  await bench.asSuperuser(
    "update movement set xact = (xact::text::bigint + 1000000000000)::text::xid8",
    "update ledger_log_batch set last_xact = (last_xact::text::bigint + 1000000000000)::text::xid8",
    "update ledger_log_epoch set cluster = 'the old one'",
  );
  await insertMovements(db, 2, "UNSEALED");
  await bench.asSuperuser("update movement set xact = '1000900000000' where sku = 'UNSEALED'");
  await insertMovements(db, 3, "NEW");
  await bench.sealAll();
  await bench.grow(5, "LATER");
  expect(await sealedIds()).toEqual(await allIds());
  expect((await sealedIds()).length).toBe(14);
  expect((await proveInclusion(db, (await allIds())[5] ?? 0))?.leafIndex).toBe(5);
});

test("a sealer is due when something is new and the last head is some seconds old, or nobody looked for long", async () => {
  const { db } = bench.database;
  const due = (): Promise<boolean> => isSealDue(db, bench.clock.iso());
  expect(await due()).toBe(true);
  await seal(bench.deps);
  await noteLook(db, bench.clock.iso());
  expect(await due()).toBe(false);
  await insertMovements(db, 1);
  expect(await due()).toBe(false);
  bench.clock.advance(10_000);
  expect(await due()).toBe(true);
  await bench.sealAll();
  await noteLook(db, bench.clock.iso());
  expect(await due()).toBe(false);
  bench.clock.advance(20_000);
  expect(await due()).toBe(true);
});

test("tiles only grow, and heads and batches stay as they are", async () => {
  await bench.grow(3);
  const { pool } = bench.database.db;
  for (const statement of [
    "update ledger_log_tile set hashes = sha256('x')",
    "delete from ledger_log_tile",
    "update ledger_log_head set size = 9",
    "delete from ledger_log_head",
    "truncate ledger_log_batch",
  ])
    await expect(pool.query(statement), statement).rejects.toMatchObject({ code: "42501" });
});
