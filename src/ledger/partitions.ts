import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

/**
 * Makes the journal's partitions of this month and the two after it where they are missing; returns how many it made.
 * Early, because a partition cannot be made once its rows lie in `movement_default`.
 */
export const makeMovementMonths = async (on: Queryable): Promise<number> =>
  (
    await query(
      on,
      z.object({ made: z.boolean() }),
      sql`select make_movement_month(ledger_clock() + make_interval(months => n)) as made from generate_series(0, 2) n`,
    )
  ).filter((row) => row.made).length;
