import type { MadePlan, PlanLine } from "../sync/plan-rows.ts";
import { whyText } from "./plan-text.ts";

const formula = /^[=+\-@\t\r]/;

/** A cell that no spreadsheet takes for a formula: SKUs and titles are other people's text. */
export const csvCell = (value: string | number | null): string => {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const safe = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) || safe !== value ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export const csvHead = "account,plan,group,listing,channel_sku,shows,would_show,why,read_at,outcome,detail\r\n";

export const csvLine = (plan: MadePlan, line: PlanLine): string =>
  `${[
    plan.accountId,
    plan.hash,
    line.group,
    line.ref,
    line.channelSku,
    line.shownUnits,
    line.wantedUnits,
    whyText(line),
    line.readAt,
    line.outcome,
    line.detail,
  ]
    .map(csvCell)
    .join(",")}\r\n`;
