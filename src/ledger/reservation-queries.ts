import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

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

export type ReservationPage = {
  /** Null: any. */
  readonly id?: string | null;
  readonly sku?: string | null;
  readonly state?: ReservationRow["state"] | null;
  /** The last row of the page before. */
  readonly before?: Pick<ReservationRow, "createdAt" | "id"> | null;
  readonly rowsMax: number;
};

/** Reservations with their lines, the newest first. */
export const listReservations = (on: Queryable, page: ReservationPage): Promise<readonly ReservationRow[]> => {
  const { id = null, sku = null, state = null, before = null, rowsMax } = page;
  return query(
    on,
    ReservationRow,
    sql`
      select r.id, r.state, r.reference, r.actor,
             to_char(r.expires_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "expiresAt",
             to_char(r.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt",
             to_char(r.updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "updatedAt",
             (select json_agg(json_build_object('sku', l.sku, 'locationId', l.location_id, 'askedUnits', l.units_asked,
                                                'heldUnits', l.units_held, 'committedUnits', l.units_committed,
                                                'releasedUnits', l.units_released) order by l.line)
                from reservation_line l where l.reservation_id = r.id) as lines
        from reservation r
       where (${id}::text is null or r.id = ${id})
         and (${state}::text is null or r.state = ${state})
         and (${sku}::text is null or r.id in (select reservation_id from reservation_line where sku = ${sku}))
         and (${before?.id ?? null}::text is null
              or (r.created_at, r.id) < (${before?.createdAt ?? null}::timestamptz, ${before?.id ?? null}))
       order by r.created_at desc, r.id desc
       limit ${rowsMax}`,
  );
};

export const readReservation = async (on: Queryable, id: string): Promise<ReservationRow | undefined> =>
  (await listReservations(on, { id, rowsMax: 1 }))[0];

const DueRow = z.object({ id: z.string(), expiresAt: z.string() });
export type DueReservation = z.infer<typeof DueRow>;

/** Reservations whose time is over and which are still held, by the database's clock; the longest over first. */
export const dueReservations = (on: Queryable, rowsMax: number): Promise<readonly DueReservation[]> =>
  query(
    on,
    DueRow,
    sql`
      select id, to_char(expires_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "expiresAt"
        from reservation
       where state = 'held' and expires_at <= ledger_clock()
       order by expires_at
       limit ${rowsMax}`,
  );
