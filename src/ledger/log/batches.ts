import { z } from "zod";
import { execute, type Queryable, query, queryOne, type Statement, sql, type Tx } from "../../db/sql.ts";
import { MovementFacts } from "./entry.ts";

/** A run of leaves that were sealed at once, and which movements they are. */
export const Batch = z.object({
  firstLeaf: z.number(),
  movements: z.number(),
  epoch: z.number(),
  afterXact: z.string(),
  afterId: z.number(),
  lastXact: z.string(),
  lastId: z.number(),
  namedIds: z.array(z.number()).nullable(),
  /** The epoch's bounds: movements of another epoch may carry the same transaction numbers. */
  idAfter: z.number(),
  idUpTo: z.number().nullable(),
  recordedFrom: z.string(),
  recordedTo: z.string(),
});
export type Batch = z.infer<typeof Batch>;

export const SealedMovement = MovementFacts.extend({ xact: z.string() });
export type SealedMovement = z.infer<typeof SealedMovement>;

const stamp = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"';

/** A movement's facts, with the transaction's number that orders it. */
const factColumns = `
  id, xact::text as xact, command_key, leg, kind, sku, location_id, d_on_hand, d_reserved, d_incoming, on_hand_after,
  reserved_after, incoming_after, level_version, cause_type, cause_id, actor, reason,
  to_char(occurred_at, '${stamp}') as occurred_at, to_char(recorded_at, '${stamp}') as recorded_at`;

/** `select <facts> from movement` and the rest of a statement. */
export const selectMovements = (rest: Statement): Statement => ({
  text: `select ${factColumns} from movement ${rest.text}`,
  values: rest.values,
});

const batchColumns = `
  b.first_leaf as "firstLeaf", b.movements, b.epoch, b.after_xact::text as "afterXact", b.after_id as "afterId",
  b.last_xact::text as "lastXact", b.last_id as "lastId", b.named_ids::text[]::float8[] as "namedIds",
  e.id_after as "idAfter", e.id_up_to as "idUpTo",
  to_char(b.recorded_from, '${stamp}') as "recordedFrom", to_char(b.recorded_to, '${stamp}') as "recordedTo"`;
const selectBatches = (rest: Statement): Statement => ({
  text: `select ${batchColumns} from ledger_log_batch b join ledger_log_epoch e using (epoch) ${rest.text}`,
  values: rest.values,
});

export const lastBatch = (on: Queryable): Promise<Batch | undefined> =>
  queryOne(on, Batch, selectBatches(sql`order by b.first_leaf desc limit 1`));

/** Up to a hundred batches in order, from the one that holds this leaf. */
export const batchesFrom = (on: Queryable, leaf: number): Promise<readonly Batch[]> =>
  query(on, Batch, selectBatches(sql`where b.first_leaf + b.movements > ${leaf} order by b.first_leaf limit 100`));

/** The movements that are in the database now where a batch says its leaves are, in the batch's order. */
export const movementsOfBatch = async (on: Queryable, batch: Batch): Promise<readonly SealedMovement[]> => {
  const { namedIds, afterXact, afterId, lastXact, lastId, idAfter, idUpTo } = batch;
  if (namedIds !== null)
    return query(on, SealedMovement, selectMovements(sql`where id = any(${namedIds}::bigint[]) order by id`));
  return query(
    on,
    SealedMovement,
    selectMovements(sql`
      where (xact, id) > (${afterXact}::xid8, ${afterId}::bigint) and (xact, id) <= (${lastXact}::xid8, ${lastId}::bigint)
        and id > ${idAfter} and (${idUpTo}::bigint is null or id <= ${idUpTo})
      order by xact, id`),
  );
};

/** Batches that may hold a movement: their ids span it. A late commit may lie in the span of several. */
export const batchesSpanning = (on: Queryable, movementId: number): Promise<readonly Batch[]> =>
  query(on, Batch, selectBatches(sql`where b.ids @> ${movementId}::bigint order by b.first_leaf`));

/** The batch's movements are those of `pending`, sealed as the leaves from `firstLeaf` on. */
export const saveBatch = async (
  tx: Tx,
  batch: {
    readonly firstLeaf: number;
    readonly epoch: { readonly epoch: number };
    readonly leaves: readonly unknown[];
    readonly after: { readonly xact: string; readonly id: number };
    readonly last: { readonly xact: string; readonly id: number };
    readonly namedIds: readonly number[] | null;
    readonly idMin: number;
    readonly idMax: number;
    readonly recordedFrom: string;
    readonly recordedTo: string;
    readonly sealedAt: string;
  },
): Promise<void> => {
  await execute(
    tx,
    sql`
      insert into ledger_log_batch (first_leaf, movements, epoch, after_xact, after_id, last_xact, last_id, named_ids, ids,
                                    recorded_from, recorded_to, sealed_at)
      values (${batch.firstLeaf}, ${batch.leaves.length}, ${batch.epoch.epoch}, ${batch.after.xact}::xid8, ${batch.after.id},
              ${batch.last.xact}::xid8, ${batch.last.id}, ${batch.namedIds}::bigint[],
              int8range(${batch.idMin}, ${batch.idMax}, '[]'), ${batch.recordedFrom}::timestamptz,
              ${batch.recordedTo}::timestamptz, ${batch.sealedAt}::timestamptz)`,
  );
};
