import { z } from "zod";
import { execute, type Queryable, query, sql } from "../db/sql.ts";

const InvariantResult = z.object({
  name: z.string(),
  ranAtMs: z.number(),
  tookMs: z.number(),
  /** Null: it could not be run to its end, `failure` says why. */
  violations: z.number().nullable(),
  subjects: z.array(z.string()),
  failure: z.string().nullable(),
  /** When it last ran to its end; null = never. */
  completedAtMs: z.number().nullable(),
});
export type InvariantResult = z.infer<typeof InvariantResult>;

export type NewResult = {
  readonly name: string;
  /** ISO. */
  readonly ranAt: string;
  readonly tookMs: number;
  readonly violations: number | null;
  readonly subjects: readonly string[];
  readonly failure: string | null;
};

/** Keeps the last result of a check. */
export const saveResult = async (on: Queryable, result: NewResult): Promise<void> => {
  await execute(
    on,
    sql`
      insert into invariant_result as r (name, ran_at, took_ms, violations, subjects, failure, completed_at)
      values (${result.name}, ${result.ranAt}::timestamptz, ${result.tookMs}, ${result.violations}, ${result.subjects},
              ${result.failure}, case when ${result.failure}::text is null then ${result.ranAt}::timestamptz end)
      on conflict (name) do update
         set ran_at = excluded.ran_at, took_ms = excluded.took_ms, violations = excluded.violations,
             subjects = excluded.subjects, failure = excluded.failure,
             completed_at = coalesce(excluded.completed_at, r.completed_at)`,
  );
};

export const readResults = (on: Queryable): Promise<readonly InvariantResult[]> =>
  query(
    on,
    InvariantResult,
    sql`
      select name, (extract(epoch from ran_at) * 1000)::float8 as "ranAtMs", took_ms as "tookMs", violations, subjects, failure,
             (extract(epoch from completed_at) * 1000)::float8 as "completedAtMs"
        from invariant_result order by name`,
  );

/**
 * Which of these checks have not been run for so long; one that takes its time waits a hundred times as long as it took, so
 * that checking is never more than a hundredth of the work.
 */
export const dueChecks = async (
  on: Queryable,
  names: readonly string[],
  given: { readonly now: string; readonly everyMs: number },
): Promise<readonly string[]> =>
  (
    await query(
      on,
      z.object({ name: z.string() }),
      sql`
        select n.name from unnest(${names}::text[]) with ordinality as n (name, place)
          left join invariant_result r using (name)
         where coalesce(r.ran_at <= ${given.now}::timestamptz
                                    - greatest(${given.everyMs}::bigint, 100 * r.took_ms) * interval '1 millisecond', true)
         order by n.place`,
    )
  ).map((row) => row.name);
