import type { OpenAPIHono } from "@hono/zod-openapi";
import { claimRequest } from "../access/api-requests.ts";
import { writeAudit } from "../access/audit.ts";
import { type Clock, toIso } from "../core/clock.ts";
import { fingerprint } from "../core/digest.ts";
import type { Db } from "../db/pool.ts";
import { inTransaction } from "../db/transaction.ts";
import { ProblemError } from "../ops/problem.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { findAccount } from "../sync/accounts.ts";
import { beginPlan } from "../sync/plan-build.ts";
import { refusalsOf } from "../sync/plan-refusals.ts";
import {
  type MadePlan,
  type PlanRow,
  planByHash,
  planById,
  planLines,
  planProgress,
  plansOf,
} from "../sync/plan-rows.ts";
import { askApply } from "../sync/plan-work.ts";
import { applyPlan, createPlan, getPlan, listPlans } from "./plan-routes.ts";
import { type PlanDetailOut, type PlanOut, PlanTerms } from "./plan-schemas.ts";
import { keyReused } from "./refusal.ts";

export type PlansDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly plans: {
    /** By which rules the account's numbers are made now; undefined = there is no such account in the settings. */
    readonly rulesOf: (
      accountId: string,
    ) => { readonly locationId: string; readonly policyVersion: string } | undefined;
    readonly wake: (accountId: string) => void;
  };
};

const plansDefault = 20;
const linesDefault = 100;

const planOut = (plan: PlanRow): PlanOut => ({
  id: String(plan.id),
  account: plan.accountId,
  hash: plan.hash,
  state: plan.state,
  stateReason: plan.stateReason,
  location: plan.locationId,
  policyVersion: plan.policyVersion,
  madeBy: plan.madeBy,
  madeAt: plan.madeAt,
  groups: plan.summary?.groups ?? null,
  guards: plan.summary?.guards ?? null,
});

const found = async (db: Db, hash: string): Promise<MadePlan> => {
  const plan = await planByHash(db, hash);
  if (plan === "ambiguous") throw new ProblemError("unknown-plan", { detail: `Several plans begin with ${hash}.` });
  if (plan === undefined) throw new ProblemError("unknown-plan", { detail: `There is no plan ${hash}.` });
  return plan;
};

const rulesOf = (deps: PlansDeps, accountId: string) => {
  const rules = deps.plans.rulesOf(accountId);
  if (rules === undefined) throw new ProblemError("unknown-account", { detail: `There is no account ${accountId}.` });
  return rules;
};

type Asked = { readonly id: number; readonly name: string };

const make = async (deps: PlansDeps, key: Asked, accountId: string, idempotencyKey: string): Promise<PlanRow> => {
  const rules = rulesOf(deps, accountId);
  const now = toIso(deps.clock.now());
  const claim = { apiKeyId: key.id, route: "plans", idempotencyKey, fingerprint: fingerprint({ accountId }), now };
  if (!(await claimRequest(deps.db, claim))) throw keyReused();
  const requestKey = `api:${key.id}:${idempotencyKey}`;
  const [before] = await plansOf(deps.db, { requestKey, rowsMax: 1 });
  if (before !== undefined) return before;
  const actor = `api:${key.name}`;
  const id = await inTransaction(deps.db, async (tx) => {
    await writeAudit(tx, { at: now, actor, action: "plan.make", subject: accountId, detail: {} });
    return beginPlan(tx, { accountId, ...rules, actor, drivenBy: "job", requestKey, now });
  });
  deps.plans.wake(accountId);
  const begun = await planById(deps.db, id);
  if (begun === undefined) throw new Error("the plan that was begun is gone");
  return begun;
};

type ApplyRequest = {
  readonly plan: MadePlan;
  readonly canary: number;
  readonly overrideReason: string | undefined;
  readonly idempotencyKey: string;
};

const apply = async (deps: PlansDeps, key: Asked, request: ApplyRequest): Promise<PlanRow> => {
  const { plan, canary, overrideReason, idempotencyKey } = request;
  const { accountId } = plan;
  const nowMs = deps.clock.now();
  const now = toIso(nowMs);
  const actor = `api:${key.name}`;
  const body = { hash: plan.hash, canary, overrideReason: overrideReason ?? null };
  const claim = { apiKeyId: key.id, route: "plans.apply", idempotencyKey, fingerprint: fingerprint(body), now };
  if (!(await claimRequest(deps.db, claim))) throw keyReused();
  // Sent again: it is being done, or has been.
  if (plan.askedBy === actor && ["checking", "canary", "applying", "applied"].includes(plan.state)) return plan;
  const account = await findAccount(deps.db, accountId);
  if (account === undefined) throw new ProblemError("unknown-account");
  const refused = refusalsOf({
    state: plan.state,
    madeAtMs: Date.parse(plan.madeAt),
    applyStartedAtMs: plan.applyStartedAt === null ? null : Date.parse(plan.applyStartedAt),
    accountState: account.state,
    policyVersion: plan.policyVersion,
    policyVersionNow: rulesOf(deps, accountId).policyVersion,
    guards: plan.summary.guards,
    groups: plan.summary.groups,
    overrideReason: overrideReason ?? plan.overrideReason,
    nowMs,
  });
  if (refused.length > 0)
    throw new ProblemError("plan-refused", {
      detail: `Nothing was written: ${refused.map(({ reason }) => reason).join("; ")}.`,
    });
  await inTransaction(deps.db, async (tx) => {
    const detail = { account: accountId, overrideReason: overrideReason ?? null, canary };
    await writeAudit(tx, { at: now, actor, action: "plan.apply", subject: plan.hash, detail });
    const asked = { planId: plan.id, accountId, actor, overrideReason: overrideReason ?? null, canaryCount: canary };
    await askApply(tx, { ...asked, drivenBy: "job", now });
  });
  deps.plans.wake(accountId);
  return (await planById(deps.db, plan.id)) ?? plan;
};

const detailOf = async (
  { db }: PlansDeps,
  plan: MadePlan,
  page: {
    readonly group?: string | undefined;
    readonly listing?: string | undefined;
    readonly afterId: number;
    readonly rowsMax: number;
  },
): Promise<PlanDetailOut> => {
  const lines = await planLines(db, plan.id, page);
  const last = lines.length === page.rowsMax ? lines.at(-1) : undefined;
  return {
    plan: planOut(plan),
    progress: await planProgress(db, plan.id),
    lines: lines.map(({ ref, channelSku, group, shownUnits, readAt, unreadReason, wantedUnits, terms, ...line }) => ({
      listing: ref,
      channelSku,
      group,
      shownUnits,
      readAt,
      unreadReason,
      wantedUnits,
      terms: PlanTerms.parse(terms),
      linkedBy: line.linkedBy,
      canary: line.canary,
      outcome: line.outcome,
      detail: line.detail,
    })),
    next: last === undefined ? null : String(last.listingId),
  };
};

export const mountPlans = (app: OpenAPIHono<WebEnv>, deps: PlansDeps): void => {
  app.openapi(listPlans, async (c) => {
    const { account, limit } = c.req.valid("query");
    const chosen = { ...(account !== undefined && { accountId: account }), rowsMax: Number(limit ?? plansDefault) };
    return c.json({ plans: (await plansOf(deps.db, chosen)).map(planOut) }, 200);
  });
  app.openapi(createPlan, async (c) => {
    const idempotencyKey = c.req.valid("header")["idempotency-key"];
    return c.json(planOut(await make(deps, c.get("apiKey"), c.req.valid("json").account, idempotencyKey)), 202);
  });
  app.openapi(getPlan, async (c) => {
    const { group, listing, after, limit } = c.req.valid("query");
    const plan = await found(deps.db, c.req.valid("param").hash);
    const page = { group, listing, afterId: Number(after ?? 0), rowsMax: Number(limit ?? linesDefault) };
    return c.json(await detailOf(deps, plan, page), 200);
  });
  app.openapi(applyPlan, async (c) => {
    const plan = await found(deps.db, c.req.valid("param").hash);
    const { canary, overrideReason } = c.req.valid("json");
    const idempotencyKey = c.req.valid("header")["idempotency-key"];
    return c.json(planOut(await apply(deps, c.get("apiKey"), { plan, canary, overrideReason, idempotencyKey })), 202);
  });
};
