import { z } from "zod";
import { query, sql, type Tx } from "../../db/sql.ts";
import { lastBatch, type SealedMovement } from "./batches.ts";
import { entryOf } from "./entry.ts";
import { beginEpoch, currentEpoch, type Epoch, readCluster, turnEpoch } from "./epochs.ts";
import { type Hash, hashBytes, leafHash } from "./merkle.ts";

export type Place = { readonly xact: string; readonly id: number };

/** Movements that are sealed next, in the log's order: their leaf hashes, and which they are. Never empty. */
export type Pending = {
  readonly epoch: Epoch;
  readonly leaves: readonly Hash[];
  readonly after: Place;
  readonly last: Place;
  /** The ids one by one, where no range of transaction numbers tells which movements these are. */
  readonly namedIds: readonly number[] | null;
  readonly idMin: number;
  readonly idMax: number;
  readonly recordedFrom: string;
  readonly recordedTo: string;
};

const Row = z.object({
  leaves: z.instanceof(Buffer).nullable(),
  lastXact: z.string().nullable(),
  lastId: z.number().nullable(),
  idMin: z.number().nullable(),
  idMax: z.number().nullable(),
  recordedFrom: z.string().nullable(),
  recordedTo: z.string().nullable(),
});

const hashesOf = (joined: Buffer): readonly Hash[] =>
  Array.from({ length: joined.length / hashBytes }, (_, at) => joined.subarray(at * hashBytes, (at + 1) * hashBytes));

/** Hashed where they lie: carrying twenty columns of each movement here would cost several times what the hash does. */
const pendingAfter = async (tx: Tx, epoch: Epoch, after: Place, rowsMax: number): Promise<Pending | undefined> => {
  const [row] = await query(
    tx,
    Row,
    sql`
      with pending as materialized (
        select m.id, m.xact, m.recorded_at, sha256('\\x00'::bytea || convert_to(movement_entry(m), 'UTF8')) as leaf
          from movement m
         where (m.xact, m.id) > (${after.xact}::xid8, ${after.id}::bigint)
           and m.xact < pg_snapshot_xmin(pg_current_snapshot()) and m.id > ${epoch.idAfter}
         order by m.xact, m.id limit ${rowsMax}
      )
      select string_agg(leaf, ''::bytea order by xact, id) as leaves, min(id) as "idMin", max(id) as "idMax",
             min(recorded_at)::text as "recordedFrom", max(recorded_at)::text as "recordedTo",
             (select xact::text from pending order by xact desc, id desc limit 1) as "lastXact",
             (select id from pending order by xact desc, id desc limit 1) as "lastId"
        from pending`,
  );
  if (row === undefined || row.leaves === null) return undefined;
  return {
    epoch,
    leaves: hashesOf(row.leaves),
    after,
    last: { xact: row.lastXact ?? after.xact, id: row.lastId ?? after.id },
    namedIds: null,
    idMin: row.idMin ?? 0,
    idMax: row.idMax ?? 0,
    recordedFrom: row.recordedFrom ?? "",
    recordedTo: row.recordedTo ?? "",
  };
};

/** A named batch covers no range: the next one of its epoch, were there one, would go on where the last one ended. */
const pendingNamed = (epoch: Epoch, rows: readonly SealedMovement[], after: Place): Pending | undefined => {
  if (rows.length === 0) return undefined;
  const ids = rows.map((row) => row.id);
  const recorded = rows.map((row) => row.recorded_at).toSorted();
  return {
    epoch,
    leaves: rows.map((row) => leafHash(entryOf(row))),
    after,
    last: after,
    namedIds: ids,
    idMin: ids.reduce((a, b) => Math.min(a, b)),
    idMax: ids.reduce((a, b) => Math.max(a, b)),
    recordedFrom: recorded[0] ?? "",
    recordedTo: recorded.at(-1) ?? "",
  };
};

/**
 * The next movements in the log's order. By (xact, id) and only below the oldest transaction still running: a commit that
 * came late is then in its place, where an id cursor would have passed it by.
 */
export const nextPending = async (tx: Tx, rowsMax: number): Promise<Pending | undefined> => {
  const cluster = await readCluster(tx);
  const first = { epoch: 1, cluster, idAfter: Number.MIN_SAFE_INTEGER };
  const known = await currentEpoch(tx);
  if (known === undefined) await beginEpoch(tx, first);
  const epoch = known ?? first;
  if (epoch.cluster !== cluster) {
    const { rows, last } = await turnEpoch(tx, epoch, cluster);
    return pendingNamed(epoch, rows, { xact: last?.lastXact ?? "0", id: last?.lastId ?? 0 });
  }
  const last = await lastBatch(tx);
  const after = last?.epoch === epoch.epoch ? { xact: last.lastXact, id: last.lastId } : { xact: "0", id: 0 };
  return pendingAfter(tx, epoch, after, rowsMax);
};
