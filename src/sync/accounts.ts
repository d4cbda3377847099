import { z } from "zod";
import { execute, type Queryable, query, queryOne, sql } from "../db/sql.ts";

export const accountStates = ["read-only", "shadow", "live", "paused", "needs-attention"] as const;
export const AccountState = z.enum(accountStates);
export type AccountState = z.infer<typeof AccountState>;

export const AccountRow = z.object({
  id: z.string(),
  channel: z.string(),
  state: AccountState,
  stateReason: z.string().nullable(),
  stateSince: z.string(),
});
export type AccountRow = z.infer<typeof AccountRow>;

const iso = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';

/** Makes the settings' accounts known. An account that is there keeps its state: settings only name the first one. */
export const upsertAccounts = async (
  on: Queryable,
  accounts: readonly {
    readonly id: string;
    readonly channel: string;
    readonly mode: "read-only" | "shadow" | "live";
  }[],
  now: string,
): Promise<void> => {
  await execute(
    on,
    sql`
      insert into account (id, channel, state, state_since, created_at)
      select id, channel, mode, ${now}::timestamptz, ${now}::timestamptz
        from json_to_recordset(${JSON.stringify(accounts)}::json) as a (id text, channel text, mode text)
      on conflict (id) do nothing`,
  );
};

export const listAccounts = (on: Queryable): Promise<readonly AccountRow[]> =>
  query(
    on,
    AccountRow,
    sql`
      select id, channel, state, state_reason as "stateReason", to_char(state_since, ${iso}) as "stateSince"
        from account order by id`,
  );

export const findAccount = (on: Queryable, accountId: string): Promise<AccountRow | undefined> =>
  queryOne(
    on,
    AccountRow,
    sql`
      select id, channel, state, state_reason as "stateReason", to_char(state_since, ${iso}) as "stateSince"
        from account where id = ${accountId}`,
  );

/** A person's decision. */
export const setAccountState = async (
  on: Queryable,
  change: {
    readonly accountId: string;
    readonly state: AccountState;
    readonly reason: string;
    readonly now: string;
    /** Until then no run is stopped for its size. */
    readonly guardsOffUntil?: string | undefined;
  },
): Promise<void> => {
  await execute(
    on,
    sql`
      update account
         set resume_state = case when state in ('read-only', 'shadow', 'live') then state else resume_state end,
             state = ${change.state}, state_reason = ${change.reason}, state_since = ${change.now}::timestamptz,
             guards_off_until = coalesce(${change.guardsOffUntil ?? null}::timestamptz, guards_off_until)
       where id = ${change.accountId}`,
  );
};

/** The credentials stopped working: nothing else of this account is tried until they do. Returns true the first time. */
export const markNeedsAttention = async (
  on: Queryable,
  change: { readonly accountId: string; readonly reason: string; readonly now: string },
): Promise<boolean> =>
  (await execute(
    on,
    sql`
      update account
         set resume_state = state, state = 'needs-attention', state_reason = ${change.reason}, state_since = ${change.now}::timestamptz
       where id = ${change.accountId} and state in ('read-only', 'shadow', 'live')`,
  )) > 0;

/** The credentials work again (a check or a probe succeeded): back to where the account was. */
export const resumeAccount = async (on: Queryable, accountId: string, now: string): Promise<boolean> =>
  (await execute(
    on,
    sql`
      update account
         set state = coalesce(resume_state, 'read-only'), state_reason = null, resume_state = null, state_since = ${now}::timestamptz
       where id = ${accountId} and state = 'needs-attention'`,
  )) > 0;

/** True while the account's credentials do not work: whoever would call its channel does not, but for the polls. */
export const isSetAside = async (on: Queryable, accountId: string): Promise<boolean> =>
  (await findAccount(on, accountId))?.state === "needs-attention";

/** A run was too large: nothing more is pushed until a person lets it go on. */
export const pauseForGuard = async (on: Queryable, accountId: string, reason: string, now: string): Promise<void> => {
  await execute(
    on,
    sql`
      update account
         set resume_state = state, state = 'paused', state_reason = ${reason}, state_since = ${now}::timestamptz
       where id = ${accountId} and state = 'live'`,
  );
};

/** True while a person's permission for larger runs lasts. */
export const areGuardsOff = async (on: Queryable, accountId: string, now: string): Promise<boolean> =>
  (
    await queryOne(
      on,
      z.object({ off: z.boolean() }),
      sql`select coalesce(guards_off_until > ${now}::timestamptz, false) as off from account where id = ${accountId}`,
    )
  )?.off ?? false;
