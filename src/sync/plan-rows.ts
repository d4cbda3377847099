import { z } from "zod";
import { type Queryable, query, queryOne, sql } from "../db/sql.ts";
import { planGroups } from "./plan-groups.ts";

export const planStates = [
  "reading",
  "proposed",
  "checking",
  "canary",
  "applying",
  "applied",
  "stopped",
  "restoring",
  "restored",
] as const;
export type PlanState = (typeof planStates)[number];

const GroupCounts = z.record(
  z.enum(planGroups),
  z.object({ listings: z.number(), sharePercent: z.number(), shownUnits: z.number(), wantedUnits: z.number() }),
);
export const PlanSummary = z.object({
  groups: GroupCounts,
  guards: z.array(
    z.object({
      guard: z.enum(["zeroed", "lowered", "raised", "everything-zero"]),
      listings: z.number(),
      sharePercent: z.number(),
      limitListings: z.number(),
      exceeded: z.boolean(),
    }),
  ),
});
export type PlanSummary = z.infer<typeof PlanSummary>;

export const PlanRow = z.object({
  id: z.number(),
  accountId: z.string(),
  hash: z.string().nullable(),
  state: z.enum(planStates),
  stateReason: z.string().nullable(),
  stateAt: z.string(),
  locationId: z.string(),
  policyVersion: z.string(),
  madeBy: z.string(),
  startedAt: z.string(),
  madeAt: z.string().nullable(),
  summary: PlanSummary.nullable(),
  drivenBy: z.enum(["command", "job"]),
  askedBy: z.string().nullable(),
  overrideReason: z.string().nullable(),
  canaryCount: z.number().nullable(),
  applyStartedAt: z.string().nullable(),
  restoreStartedAt: z.string().nullable(),
  progressAt: z.string().nullable(),
});
export type PlanRow = z.infer<typeof PlanRow>;
/** A plan that is made: it has a name, and says what it would do. */
export type MadePlan = PlanRow & { readonly hash: string; readonly madeAt: string; readonly summary: PlanSummary };

const iso = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';

type Chosen = {
  readonly id?: number;
  readonly hashPrefix?: string;
  readonly accountId?: string;
  readonly requestKey?: string;
  readonly states?: readonly PlanState[];
  readonly rowsMax: number;
};

/** Newest first. */
export const plansOf = (on: Queryable, chosen: Chosen): Promise<readonly PlanRow[]> =>
  query(
    on,
    PlanRow,
    sql`
      select id, account_id as "accountId", hash, state, state_reason as "stateReason",
             to_char(state_at, ${iso}) as "stateAt", location_id as "locationId",
             policy_version as "policyVersion", made_by as "madeBy", to_char(started_at, ${iso}) as "startedAt",
             to_char(made_at, ${iso}) as "madeAt", summary, driven_by as "drivenBy", asked_by as "askedBy",
             override_reason as "overrideReason", canary_count as "canaryCount",
             to_char(apply_started_at, ${iso}) as "applyStartedAt",
             to_char(restore_started_at, ${iso}) as "restoreStartedAt", to_char(progress_at, ${iso}) as "progressAt"
        from plan
       where (${chosen.id ?? null}::bigint is null or id = ${chosen.id ?? null})
         and (${chosen.hashPrefix ?? null}::text is null or hash like ${chosen.hashPrefix ?? ""} || '%')
         and (${chosen.accountId ?? null}::text is null or account_id = ${chosen.accountId ?? null})
         and (${chosen.requestKey ?? null}::text is null or request_key = ${chosen.requestKey ?? null})
         and (${chosen.states ?? null}::text[] is null or state = any(${chosen.states ?? null}))
       order by id desc
       limit ${chosen.rowsMax}`,
  );

export const planById = async (on: Queryable, id: number): Promise<PlanRow | undefined> =>
  (await plansOf(on, { id, rowsMax: 1 }))[0];

export const isMade = (plan: PlanRow): plan is MadePlan =>
  plan.hash !== null && plan.madeAt !== null && plan.summary !== null;

/** The newest plan of this name; `ambiguous` when the beginning of a hash fits several. */
export const planByHash = async (on: Queryable, hashPrefix: string): Promise<MadePlan | "ambiguous" | undefined> => {
  const found = (await plansOf(on, { hashPrefix, rowsMax: 100 })).filter(isMade);
  return new Set(found.map(({ hash }) => hash)).size > 1 ? "ambiguous" : found[0];
};

export const PlanLine = z.object({
  listingId: z.number(),
  ref: z.string(),
  channelSku: z.string().nullable(),
  group: z.enum(planGroups),
  shownUnits: z.number().nullable(),
  readAt: z.string().nullable(),
  unreadReason: z.string().nullable(),
  wantedUnits: z.number().nullable(),
  terms: z.json().nullable(),
  linkedBy: z.string().nullable(),
  outcome: z.string().nullable(),
  detail: z.string().nullable(),
  restoreOutcome: z.string().nullable(),
  restoreDetail: z.string().nullable(),
  canary: z.boolean(),
});
export type PlanLine = z.infer<typeof PlanLine>;

/** Lines of a made plan by listing; `listing` is a ref, an alias or a channel SKU. */
export const planLines = (
  on: Queryable,
  planId: number,
  chosen: {
    readonly group?: string | undefined;
    readonly listing?: string | undefined;
    readonly afterId?: number;
    readonly rowsMax: number;
  },
): Promise<readonly PlanLine[]> =>
  query(
    on,
    PlanLine,
    sql`
      select p.listing_id as "listingId", p.ref, p.channel_sku as "channelSku", p.plan_group as group,
             p.shown_units as "shownUnits", to_char(p.read_at, ${iso}) as "readAt", p.unread_reason as "unreadReason",
             p.wanted_units as "wantedUnits", p.terms, p.outcome, p.detail, p.canary,
             p.restore_outcome as "restoreOutcome", p.restore_detail as "restoreDetail",
             (select min(k.linked_by) from listing_link k where k.listing_id = p.listing_id) as "linkedBy"
        from plan_line p
       where p.plan_id = ${planId} and p.listing_id > ${chosen.afterId ?? 0} and p.plan_group is not null
         and (${chosen.group ?? null}::text is null or p.plan_group = ${chosen.group ?? null})
         and (${chosen.listing ?? null}::text is null or p.ref = ${chosen.listing ?? null} or p.channel_sku = ${chosen.listing ?? null}
              or exists (select 1 from listing_alias a where a.listing_id = p.listing_id and a.alias = ${chosen.listing ?? null}))
       order by p.listing_id
       limit ${chosen.rowsMax}`,
  );

const Progress = z.object({
  total: z.number(),
  done: z.number(),
  refused: z.number(),
  moved: z.number(),
  left: z.number(),
  canaryTotal: z.number(),
  canaryMoved: z.number(),
  canaryDone: z.number(),
  restoreTotal: z.number(),
  restoreDone: z.number(),
  restoreFailed: z.number(),
});
export type PlanProgress = z.infer<typeof Progress>;

/** How far applying or putting back a plan has come, in listings. */
export const planProgress = async (on: Queryable, planId: number): Promise<PlanProgress> => {
  const row = await queryOne(
    on,
    Progress,
    sql`
      with lines as (
        select *, plan_group in ('zeroing', 'lowering', 'raise', 'not-in-ledger') as written
          from plan_line where plan_id = ${planId}
      )
      select count(*) filter (where written) as total,
             count(*) filter (where written and outcome = 'done') as done,
             count(*) filter (where written and outcome = 'refused') as refused,
             count(*) filter (where written and outcome = 'moved') as moved,
             count(*) filter (where written and outcome = 'left') as left,
             -- What moved was not written, so it says nothing about the channel.
             count(*) filter (where canary and outcome is distinct from 'moved') as "canaryTotal",
             count(*) filter (where canary and outcome = 'moved') as "canaryMoved",
             count(*) filter (where canary and outcome = 'done') as "canaryDone",
             count(*) filter (where shown_units is not null) as "restoreTotal",
             count(*) filter (where restore_outcome = 'done') as "restoreDone",
             count(*) filter (where restore_outcome in ('refused', 'differs')) as "restoreFailed"
        from lines`,
  );
  if (row === undefined) throw new Error("an aggregate came back without a row");
  return row;
};
