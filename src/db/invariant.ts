import { z } from "zod";
import { type Queryable, query, type Statement } from "./sql.ts";

/** What must always hold, as a query that must come back empty. `subject` says which row breaks it. */
export type Invariant = { readonly name: string; readonly promise: string; readonly statement: Statement };

export type Violations = { readonly count: number; readonly subjects: readonly string[] };

/** How many rows break it, and the first of them. */
export const findViolations = async (
  on: Queryable,
  { statement }: Invariant,
  subjectsMax: number,
): Promise<Violations> => {
  const [found] = await query(on, z.object({ count: z.number(), subjects: z.array(z.string()) }), {
    text: `with broken as (${statement.text})
             select count(*) as count, coalesce((select array_agg(subject) from (select subject from broken limit ${subjectsMax}) first), '{}') as subjects
               from broken`,
    values: statement.values,
  });
  return found ?? { count: 0, subjects: [] };
};
