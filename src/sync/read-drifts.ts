import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";
import { type DriftCause, driftCauses } from "./drift-cause.ts";
import { driftPolicies } from "./drift-policy.ts";

export const driftStates = ["suspected", "open", "healing", "healed", "accepted", "dismissed", "gone"] as const;
export type DriftState = (typeof driftStates)[number];

export const DriftRow = z.object({
  id: z.number(),
  accountId: z.string(),
  listingId: z.number(),
  ref: z.string(),
  channelSku: z.string().nullable(),
  foundHow: z.enum(["rolling", "full"]),
  expectedUnits: z.number(),
  observedUnits: z.number(),
  shownUnits: z.number().nullable(),
  observedAt: z.string(),
  state: z.enum(driftStates),
  stateSince: z.string(),
  cause: z.enum(driftCauses).nullable(),
  policy: z.enum(driftPolicies).nullable(),
  evidence: z.json().nullable(),
  reason: z.string().nullable(),
  decidedBy: z.string().nullable(),
});
export type DriftRow = z.infer<typeof DriftRow>;

const iso = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';

/** Drifts, newest first. */
export const driftsPage = (
  on: Queryable,
  page: {
    readonly id: number | null;
    readonly accountId: string | null;
    readonly states: readonly DriftState[] | null;
    readonly cause: DriftCause | null;
    readonly beforeId: number | null;
    readonly rowsMax: number;
  },
): Promise<readonly DriftRow[]> =>
  query(
    on,
    DriftRow,
    sql`
      select d.id, d.account_id as "accountId", d.listing_id as "listingId", l.ref, l.channel_sku as "channelSku",
             d.found_how as "foundHow", d.expected_units as "expectedUnits", d.observed_units as "observedUnits",
             t.shown_units as "shownUnits", to_char(d.observed_at, ${iso}) as "observedAt", d.state,
             to_char(d.state_since, ${iso}) as "stateSince", d.cause, d.policy, d.evidence, d.reason,
             d.decided_by as "decidedBy"
        from drift d
        join listing l on l.id = d.listing_id
        left join push_target t on t.listing_id = d.listing_id
       where (${page.id}::bigint is null or d.id = ${page.id})
         and (${page.accountId}::text is null or d.account_id = ${page.accountId})
         and (${page.states}::text[] is null or d.state = any(${page.states}))
         and (${page.cause}::text is null or d.cause = ${page.cause})
         and (${page.beforeId}::bigint is null or d.id < ${page.beforeId})
       order by d.id desc
       limit ${page.rowsMax}`,
  );

/** How many drifts there are, by account, cause and state, for the metrics. */
export const driftCounts = (on: Queryable) =>
  query(
    on,
    z.object({ accountId: z.string(), cause: z.string(), state: z.string(), count: z.number() }),
    sql`
      select account_id as "accountId", coalesce(cause, 'none') as cause, state, count(*) as count
        from drift group by 1, 2, 3 order by 1, 2, 3`,
  );
