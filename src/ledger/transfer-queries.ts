import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

export const TransferRow = z.object({
  id: z.string(),
  sku: z.string(),
  fromLocationId: z.string(),
  toLocationId: z.string(),
  sentUnits: z.number(),
  receivedUnits: z.number(),
  lostUnits: z.number(),
  returnedUnits: z.number(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type TransferRow = z.infer<typeof TransferRow>;

/** A transfer's SKUs, sorted; empty when there is no such transfer. */
export const readTransfer = (on: Queryable, id: string): Promise<readonly TransferRow[]> =>
  query(
    on,
    TransferRow,
    sql`
      select id, sku, from_location as "fromLocationId", to_location as "toLocationId", units_sent as "sentUnits",
             units_received as "receivedUnits", units_lost as "lostUnits", units_returned as "returnedUnits",
             to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt",
             to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "updatedAt"
        from transfer
       where id = ${id}
       order by sku collate "C"`,
  );
