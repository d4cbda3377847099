import { toIso } from "../core/clock.ts";
import type { Queryable } from "../db/sql.ts";
import { inTransaction, isUniqueViolation } from "../db/transaction.ts";
import { knownSkus } from "../ledger/queries.ts";
import { listingIdByName } from "../mapping/listings.ts";
import { findAccount, listAccounts } from "../sync/accounts.ts";
import { addHold, endHolds, findHold, type HoldRow, type holdKinds, holdOfRequest } from "../sync/holds.ts";
import { type Reach, reachOfScope, type Scope } from "../sync/scope.ts";
import type { JobDeps } from "./deps.ts";

/** What a person names; a listing by its ref or alias. */
export type HoldTarget =
  | Exclude<Scope, { readonly scope: "listing" }>
  | { readonly scope: "listing"; readonly accountId: string; readonly listing: string };

export type HoldRequest = {
  readonly kind: (typeof holdKinds)[number];
  readonly target: HoldTarget;
  readonly reason: string;
  readonly actor: string;
  /** Null: until somebody ends it. */
  readonly expiresAt: string | null;
  /** The same one twice makes one hold. */
  readonly requestKey: string | null;
};

/** What a hold brakes, and the accounts among them to which nothing is written anyway: there a zero does not show. */
export type HoldEffect = Reach & { readonly notLive: readonly string[] };
export type HoldRefusal = { readonly status: "refused"; readonly field: string; readonly detail: string };
export type HoldDone = { readonly status: "done"; readonly hold: HoldRow; readonly effect: HoldEffect };

export type HoldDeps = Pick<JobDeps, "db" | "clock" | "wake">;

const refused = (field: string, detail: string): HoldRefusal => ({ status: "refused", field, detail });

const scopeOf = async (on: Queryable, target: HoldTarget): Promise<Scope | HoldRefusal> => {
  if (target.scope === "everything") return target;
  if (target.scope === "sku")
    return (await knownSkus(on, [target.sku])).has(target.sku)
      ? target
      : refused("sku", `the ledger does not know the SKU ${JSON.stringify(target.sku)}`);
  if ((await findAccount(on, target.accountId)) === undefined)
    return refused("account", `there is no account "${target.accountId}"`);
  if (target.scope === "account") return target;
  const listingId = await listingIdByName(on, target.accountId, target.listing);
  return listingId === undefined
    ? refused("listing", `account "${target.accountId}" has no listing "${target.listing}"`)
    : { scope: "listing", accountId: target.accountId, listingId };
};

const effectOf = async (on: Queryable, reach: Reach): Promise<HoldEffect> => {
  const idle = (await listAccounts(on)).filter(({ state }) => state !== "live").map(({ id }) => id);
  return { ...reach, notLive: reach.accountIds.filter((id) => idle.includes(id)) };
};

/** What a hold would brake; changes nothing. */
export const previewHold = async (
  deps: Pick<HoldDeps, "db">,
  target: HoldTarget,
): Promise<{ readonly status: "done"; readonly effect: HoldEffect } | HoldRefusal> => {
  const scope = await scopeOf(deps.db, target);
  if ("status" in scope) return scope;
  return { status: "done", effect: await effectOf(deps.db, await reachOfScope(deps.db, scope)) };
};

const wakeAll = (deps: HoldDeps, accountIds: readonly string[]): void => {
  for (const accountId of accountIds) deps.wake("push-account", { accountId });
};

/** Puts a hold in force. Write the audit entry first. */
export const putHold = async (deps: HoldDeps, request: HoldRequest): Promise<HoldDone | HoldRefusal> => {
  const scope = await scopeOf(deps.db, request.target);
  if ("status" in scope) return scope;
  const again = async (): Promise<HoldDone | undefined> => {
    const hold = request.requestKey === null ? undefined : await holdOfRequest(deps.db, request.requestKey);
    if (hold === undefined) return undefined;
    return { status: "done", hold, effect: await effectOf(deps.db, await reachOfScope(deps.db, scope)) };
  };
  const before = await again();
  if (before !== undefined) return before;
  const { kind, reason, actor, requestKey, expiresAt } = request;
  const nowMs = deps.clock.now();
  if (expiresAt !== null && Date.parse(expiresAt) <= nowMs)
    return refused("expiresAt", "the hold would be over already");
  try {
    const { id, reach } = await inTransaction(deps.db, (tx) =>
      addHold(tx, { kind, scope, reason, actor, requestKey, now: toIso(nowMs), expiresAt }),
    );
    wakeAll(deps, reach.accountIds);
    const hold = await findHold(deps.db, id);
    if (hold === undefined) throw new Error(`hold ${id} was made and is gone`);
    return { status: "done", hold, effect: await effectOf(deps.db, reach) };
  } catch (error) {
    // Its twin was quicker.
    const twin = isUniqueViolation(error) ? await again() : undefined;
    if (twin === undefined) throw error;
    return twin;
  }
};

/** Ends a hold now; one that is over stays as it ended. Undefined: there is no such hold. */
export const endHold = async (
  deps: HoldDeps,
  ended: { readonly id: number; readonly actor: string },
): Promise<HoldDone | undefined> => {
  const { reach } = await inTransaction(deps.db, (tx) =>
    endHolds(tx, { id: ended.id, by: ended.actor, now: toIso(deps.clock.now()) }),
  );
  wakeAll(deps, reach.accountIds);
  const hold = await findHold(deps.db, ended.id);
  return hold === undefined ? undefined : { status: "done", hold, effect: await effectOf(deps.db, reach) };
};
