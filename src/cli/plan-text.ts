import { termText } from "../jobs/explanation.ts";
import { storedTerms } from "../mapping/stored-terms.ts";
import { type PlanGroup, planGroups } from "../sync/plan-groups.ts";
import { guardSentence } from "../sync/plan-guards.ts";
import type { MadePlan, PlanLine } from "../sync/plan-rows.ts";

const words: Readonly<Record<PlanGroup, string>> = {
  zeroing: "set to 0",
  "not-in-ledger": "not in the ledger",
  raise: "raised",
  lowering: "lowered",
  unchanged: "unchanged",
  unreadable: "unreadable",
  unmapped: "not linked",
};

/** Why a listing would show its number, from the terms of the allocation. */
export const whyText = (line: PlanLine): string => {
  if (line.group === "unmapped") return "not linked to a SKU of the ledger";
  if (line.group === "unreadable") return line.unreadReason ?? "the channel shows no quantity for it";
  const terms = storedTerms(line.terms ?? [])?.map(termText) ?? ["written by another version"];
  const missing = line.group === "not-in-ledger" ? ["the account's location has no level of it"] : [];
  const linked = line.linkedBy === null ? [] : [`linked by ${line.linkedBy}`];
  return [...terms, ...missing, ...linked].join("; ");
};

export const lineText = (line: PlanLine): string => {
  const sku = line.channelSku === null || line.channelSku === line.ref ? "" : ` (${line.channelSku})`;
  const ended = line.outcome === null ? "" : `  [${line.outcome}${line.detail === null ? "" : `: ${line.detail}`}]`;
  const back =
    line.restoreOutcome === null
      ? ""
      : `  [put back: ${line.restoreOutcome}${line.restoreDetail === null ? "" : `, ${line.restoreDetail}`}]`;
  return `  ${words[line.group]}  ${line.ref}${sku}  ${line.shownUnits ?? "?"} → ${line.wantedUnits ?? "?"}  ${whyText(line)}${ended}${back}`;
};

const number = (value: number): string => value.toLocaleString("en-US");

/** The head of a plan: groups, guards, and how to go on. */
export const planText = (plan: MadePlan): string => {
  const { groups, guards } = plan.summary;
  const counts = planGroups.flatMap((group) => {
    const { listings, sharePercent, shownUnits, wantedUnits } = groups[group];
    if (listings === 0) return [];
    const units =
      group === "unmapped" || group === "unreadable" ? "" : `, ${number(shownUnits)} → ${number(wantedUnits)} units`;
    return [`  ${words[group].padEnd(18)}${number(listings).padStart(9)}  (${sharePercent} %)${units}`];
  });
  const judged = guards.map(
    (verdict) => `  ${verdict.exceeded ? "LIMIT PASSED" : "within"}: ${guardSentence(verdict)}`,
  );
  const reason = plan.stateReason === null ? "" : `: ${plan.stateReason}`;
  return [
    `${plan.accountId}  plan ${plan.hash}`,
    `  made ${plan.madeAt} by ${plan.madeBy}, policy ${plan.policyVersion} at ${plan.locationId}; ${plan.state}${reason}`,
    ...counts,
    ...judged,
  ].join("\n");
};
