import { z } from "zod";
import { type Clock, toIso } from "../../core/clock.ts";
import type { Db } from "../../db/pool.ts";
import { execute, type Queryable, queryOne, sql, type Tx } from "../../db/sql.ts";
import { inTransaction } from "../../db/transaction.ts";
import { lastBatch, saveBatch } from "./batches.ts";
import { currentEpoch } from "./epochs.ts";
import { newestHead, readOrigin, readRoot, readTiles, readTreeSize, saveHead, saveTiles } from "./log-rows.ts";
import { type Signer, signHead, type TreeHead } from "./note.ts";
import { nextPending } from "./pending.ts";
import { appendToTiles, edgeOf } from "./tiles.ts";

/** Any number of sealers may run: the one that gets this lock seals, the others leave it to that one. */
const sealLock = 4_711_002;
const batchMax = 10_000;
/** A head as soon as there is something new, but not more often than this. */
const sealEveryMs = 10_000;
/** Without movements the outside heads are still looked at. */
const checkEveryMs = 20_000;

export type SealDeps = { readonly db: Db; readonly clock: Clock; readonly signer: Signer };

export const putHead = async (
  tx: Tx,
  { clock, signer }: Pick<SealDeps, "clock" | "signer">,
  head: Omit<TreeHead, "origin" | "signedAt">,
): Promise<void> => {
  const signed = { ...head, origin: await readOrigin(tx), signedAt: toIso(clock.now()) };
  const { size, root, signedAt } = signed;
  await saveHead(tx, { size, root, signedAt, note: signHead(signed, signer), publicKey: signer.publicKey });
};

/** Seals one batch in the caller's transaction; returns how many movements. Errors: a plain one when the tree is damaged. */
const sealBatch = async (tx: Tx, deps: SealDeps, rowsMax: number): Promise<number> => {
  const pending = await nextPending(tx, rowsMax);
  const size = await readTreeSize(tx);
  if (pending === undefined) {
    // The first head, of the empty tree, and one under a new key: whoever holds only that can trust what is there.
    const head = await newestHead(tx);
    if (head?.publicKey !== deps.signer.publicKey)
      await putHead(tx, deps, { size, root: await readRoot(tx, size), rewoundFrom: undefined });
    return 0;
  }
  const edge = await readTiles(tx, edgeOf(size));
  await saveTiles(tx, appendToTiles(edge, size, pending.leaves));
  await saveBatch(tx, { firstLeaf: size, ...pending, sealedAt: toIso(deps.clock.now()) });
  const newSize = size + pending.leaves.length;
  await putHead(tx, deps, { size: newSize, root: await readRoot(tx, newSize), rewoundFrom: undefined });
  return pending.leaves.length;
};

/**
 * Seals what has been committed, at most one batch; undefined when another sealer has the turn. Fewer movements than
 * `rowsMax` means that all there was is sealed.
 */
export const seal = (deps: SealDeps, rowsMax = batchMax): Promise<number | undefined> =>
  inTransaction(deps.db, async (tx) => ((await takeSealTurn(tx)) ? sealBatch(tx, deps, rowsMax) : undefined));

/** True when this transaction may write the log; until its end nobody else may. */
export const takeSealTurn = async (tx: Tx): Promise<boolean> =>
  (await queryOne(tx, z.object({ mine: z.boolean() }), sql`select pg_try_advisory_xact_lock(${sealLock}) as mine`))
    ?.mine ?? false;

/** Movements that are committed and not in the log yet, counted up to a bound. */
export const unsealedCount = async (on: Queryable, countMax: number): Promise<number> => {
  const epoch = await currentEpoch(on);
  const last = await lastBatch(on);
  const isOfEpoch = last !== undefined && last.epoch === epoch?.epoch;
  const row = await queryOne(
    on,
    z.object({ n: z.number() }),
    sql`
      select count(*) as n
        from (select 1 from movement
               where (xact, id) > (${isOfEpoch ? last.lastXact : "0"}::xid8, ${isOfEpoch ? last.lastId : 0}::bigint)
                 and id > ${epoch?.idAfter ?? Number.MIN_SAFE_INTEGER}
               limit ${countMax}) unsealed`,
  );
  return row?.n ?? 0;
};

/** Whether a sealer should look: something is new and the last head is old enough, or nobody looked for a while. */
export const isSealDue = async (on: Queryable, now: string): Promise<boolean> => {
  const row = await queryOne(
    on,
    z.object({ lookIsOld: z.boolean(), headIsOld: z.boolean() }),
    sql`
      select coalesce(checked_at <= ${now}::timestamptz - ${checkEveryMs} * interval '1 millisecond', true) as "lookIsOld",
             coalesce((select signed_at from ledger_log_head order by id desc limit 1)
                        <= ${now}::timestamptz - ${sealEveryMs} * interval '1 millisecond', true) as "headIsOld"
        from ledger_log`,
  );
  if (row?.lookIsOld !== false) return true;
  return row.headIsOld && (await unsealedCount(on, 1)) > 0;
};

export const noteLook = async (on: Queryable, now: string): Promise<void> => {
  await execute(on, sql`update ledger_log set checked_at = ${now}::timestamptz`);
};
