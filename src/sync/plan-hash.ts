import { canonicalJson, fingerprint, sha256Hex } from "../core/digest.ts";
import type { PlanGroup } from "./plan-groups.ts";

export type HashedLine = {
  readonly ref: string;
  readonly group: PlanGroup;
  readonly shownUnits: number | null;
  readonly wantedUnits: number | null;
};

/**
 * Names a plan by its content: account, policy, and what each listing shows and would show. Same content, same hash,
 * whatever the order of the lines. Pure.
 */
export const planHash = (plan: {
  readonly accountId: string;
  readonly policyVersion: string;
  readonly lines: readonly HashedLine[];
}): string => {
  const byRef = plan.lines.toSorted((a, b) => (a.ref < b.ref ? -1 : a.ref > b.ref ? 1 : 0));
  const text = byRef.map((line) => canonicalJson([line.ref, line.shownUnits, line.wantedUnits, line.group]));
  return sha256Hex([canonicalJson(["plan/1", plan.accountId, plan.policyVersion]), ...text].join("\n"));
};

/**
 * Names the rules by which the account's numbers are made: other policies, overrides or locations, another version. Holds
 * are not rules: they come and go, and a plan that one of them changed has moved. Pure.
 */
export const policyVersionOf = (rules: {
  readonly policy: unknown;
  readonly locationId: string;
  readonly locationIds?: readonly string[];
  readonly overrides?: readonly unknown[];
}): string => {
  const { policy, locationId, locationIds = [locationId], overrides = [] } = rules;
  return fingerprint({ policy, locationIds, overrides }).slice(0, 16);
};
