import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

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
