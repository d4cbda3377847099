import { z } from "zod";
import { execute, type Queryable, query, queryOne, sql, type Tx } from "../../db/sql.ts";
import { type Batch, lastBatch, type SealedMovement, SealedMovement as SealedRow, selectMovements } from "./batches.ts";

const Epoch = z.object({ epoch: z.number(), cluster: z.string(), idAfter: z.number() });
export type Epoch = z.infer<typeof Epoch>;

/** The cluster whose transaction numbers movements get now. */
export const readCluster = async (on: Queryable): Promise<string> => {
  const row = await queryOne(
    on,
    z.object({ cluster: z.string() }),
    sql`select system_identifier::text as cluster from pg_control_system()`,
  );
  return row?.cluster ?? "unknown";
};

export const currentEpoch = (on: Queryable): Promise<Epoch | undefined> =>
  queryOne(
    on,
    Epoch,
    sql`select epoch, cluster, id_after as "idAfter" from ledger_log_epoch order by epoch desc limit 1`,
  );

export const beginEpoch = async (tx: Tx, epoch: Epoch): Promise<void> => {
  await execute(
    tx,
    sql`insert into ledger_log_epoch (epoch, cluster, id_after) values (${epoch.epoch}, ${epoch.cluster}, ${epoch.idAfter})`,
  );
};

/**
 * A dump was restored into another cluster: its transaction numbers say nothing about those handed out now. Whatever the old
 * epoch left unsealed, and whatever came since, is named one by one; numbers count again from there. The lock keeps writers
 * out for that moment, so that none is between the epochs. Returns what is to be sealed under the old epoch, by id.
 */
export const turnEpoch = async (
  tx: Tx,
  old: Epoch,
  cluster: string,
): Promise<{ readonly rows: readonly SealedMovement[]; readonly last: Batch | undefined }> => {
  await execute(tx, sql`lock table movement in share mode`);
  const last = await lastBatch(tx);
  const sealed = await queryOne(
    tx,
    z.object({ idUpTo: z.number() }),
    sql`select coalesce(max(upper(ids) - 1), 0) as "idUpTo" from ledger_log_batch`,
  );
  const idUpTo = sealed?.idUpTo ?? 0;
  const ofOld = last?.epoch === old.epoch ? last : undefined;
  const rows = await query(
    tx,
    SealedRow,
    selectMovements(sql`
      where id > ${idUpTo}
         or id > ${old.idAfter} and (xact, id) > (${ofOld?.lastXact ?? "0"}::xid8, ${ofOld?.lastId ?? 0}::bigint)
      order by id`),
  );
  await execute(tx, sql`update ledger_log_epoch set id_up_to = ${idUpTo} where epoch = ${old.epoch}`);
  await beginEpoch(tx, {
    epoch: old.epoch + 1,
    cluster,
    idAfter: Math.max(idUpTo, old.idAfter, rows.at(-1)?.id ?? 0),
  });
  return { rows, last: ofOld };
};
