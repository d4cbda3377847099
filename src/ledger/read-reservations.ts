import { z } from "zod";
import { type Queryable, query, queryOne, sql } from "../db/sql.ts";

export const ReservationRow = z.object({
  id: z.string(),
  state: z.enum(["held", "committed", "released", "expired"]),
  reference: z.string().nullable(),
  actor: z.string(),
  expiresAt: z.string().nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
  lines: z.array(
    z.object({
      sku: z.string(),
      locationId: z.string(),
      askedUnits: z.number(),
      heldUnits: z.number(),
      committedUnits: z.number(),
      releasedUnits: z.number(),
    }),
  ),
});
export type ReservationRow = z.infer<typeof ReservationRow>;

export type ReservationsPage = {
  readonly id: string | null;
  readonly state: ReservationRow["state"] | null;
  /** That held units of this SKU. */
  readonly sku: string | null;
  /** Only ids after this one. */
  readonly afterId: string | null;
  readonly rowsMax: number;
};

/** Reservations by id; null = any. Each state has its own order in the index. */
export const reservationsPage = (on: Queryable, page: ReservationsPage): Promise<readonly ReservationRow[]> =>
  query(
    on,
    ReservationRow,
    sql`
      select r.id, r.state, r.reference, r.actor,
             to_char(r.expires_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "expiresAt",
             to_char(r.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt",
             to_char(r.updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "updatedAt",
             r.lines
        from reservation r
       where (${page.id}::text is null or r.id = ${page.id})
         and (${page.state}::text is null or r.state = ${page.state})
         and (${page.afterId}::text is null or r.id > ${page.afterId})
         and (${page.sku}::text is null
              or r.id in (select m.cause_id from movement m where m.cause_type = 'reservation' and m.sku = ${page.sku}))
       order by r.id
       limit ${page.rowsMax}`,
  );

export const findReservation = async (on: Queryable, id: string): Promise<ReservationRow | undefined> =>
  (await reservationsPage(on, { id, state: null, sku: null, afterId: null, rowsMax: 1 }))[0];

/** The answer that a key was given, as stored; undefined when nothing was ever done under it. */
export const storedAnswer = async (on: Queryable, key: string): Promise<string | undefined> =>
  (await queryOne(on, z.object({ answer: z.string() }), sql`select answer from ledger_command where key = ${key}`))
    ?.answer;
