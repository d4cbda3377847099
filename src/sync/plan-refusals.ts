import type { AccountState } from "./accounts.ts";
import { type GroupCount, type PlanGroup, planGroups } from "./plan-groups.ts";
import { type GuardVerdict, guardSentence } from "./plan-guards.ts";
import type { PlanState } from "./plan-rows.ts";

export type Refused = {
  readonly code: "state" | "account" | "old" | "guard" | "policy" | "nothing-linked" | "moved";
  readonly reason: string;
};

export type ApplyFigures = {
  readonly state: PlanState;
  readonly madeAtMs: number;
  readonly applyStartedAtMs: number | null;
  readonly accountState: AccountState;
  readonly policyVersion: string;
  readonly policyVersionNow: string;
  readonly guards: readonly GuardVerdict[];
  readonly groups: Readonly<Record<PlanGroup, GroupCount>>;
  /** A person's reason to pass the guards, now or when the plan was applied first; null = none. */
  readonly overrideReason: string | null;
  readonly nowMs: number;
};

const ageMsMax = 24 * 60 * 60_000;
const hours = (ms: number): string => `${Math.floor(ms / 3_600_000)} hours`;

const stateRefusal = (state: PlanState): string | undefined => {
  if (state === "reading") return "the plan is still being made";
  if (state === "applied") return "the plan has been applied already";
  if (state === "restoring" || state === "restored") return "the plan's numbers have been put back: make a new plan";
  return undefined;
};

/** Why a plan may not be applied, or go on being applied, that can be told without asking the channel. Pure. */
export const refusalsOf = (figures: ApplyFigures): readonly Refused[] => {
  const refused: Refused[] = [];
  const state = stateRefusal(figures.state);
  if (state !== undefined) refused.push({ code: "state", reason: state });
  if (figures.accountState === "live")
    refused.push({ code: "account", reason: "the account is live: its listings follow the ledger without a plan" });
  if (figures.accountState === "needs-attention")
    refused.push({ code: "account", reason: "the account's credentials do not work" });
  const begun = figures.state !== "proposed" && figures.applyStartedAtMs !== null;
  const ageMs = figures.nowMs - (begun ? (figures.applyStartedAtMs ?? 0) : figures.madeAtMs);
  if (ageMs > ageMsMax)
    refused.push({
      code: "old",
      reason: `the plan ${begun ? "was begun" : "was made"} ${hours(ageMs)} ago; after ${hours(ageMsMax)} it must be made again`,
    });
  if (figures.policyVersion !== figures.policyVersionNow)
    refused.push({ code: "policy", reason: "the account's policy or location has changed since the plan was made" });
  const all = planGroups.reduce((sum, group) => sum + figures.groups[group].listings, 0);
  if (figures.groups.unmapped.listings === all)
    refused.push({
      code: "nothing-linked",
      reason: `none of ${all} listings is linked to a SKU of the ledger: there is nothing to apply`,
    });
  if (figures.overrideReason === null)
    for (const verdict of figures.guards)
      if (verdict.exceeded) refused.push({ code: "guard", reason: guardSentence(verdict) });
  return refused;
};
