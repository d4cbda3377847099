import { type Answer, failed, fulfillmentError } from "./answers.ts";
import type { FulfillmentStatus } from "./orders.ts";

const dayMs = 86_400_000;
const historyMs = 2 * 366 * dayMs;
const windowDefaultMs = 90 * dayMs;

export type OrderFilter = {
  readonly by: "creation" | "modification";
  readonly fromMs: number;
  readonly toMs: number;
  /** `undefined`: any. */
  readonly statuses: ReadonlySet<FulfillmentStatus> | undefined;
};
type Range = { readonly fromMs: number; readonly toMs: number };
type Parsed<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly answer: Answer };

const refused = (
  errorId: number,
  message: string,
  detail?: string,
): { readonly ok: false; readonly answer: Answer } => ({
  ok: false,
  answer: failed(400, fulfillmentError(errorId, message, detail)),
});

/**
 * The grammar of getOrders' `filter` (channel document §7). `rawQuery` because `[ ] { } |` must arrive encoded.
 * Without a date filter: orders created within 90 days; with both, only the creation date counts.
 */
export const parseOrderFilter = (filter: string | null, rawQuery: string, nowMs: number): Parsed<OrderFilter> => {
  const lastDays: OrderFilter = { by: "creation", fromMs: nowMs - windowDefaultMs, toMs: nowMs, statuses: undefined };
  if (filter === null) return { ok: true, value: lastDays };
  if (/[[\]{}|]/.test(rawQuery)) return refused(30800, "Invalid filter value.", "special characters must be encoded");
  let creation: Range | undefined;
  let modification: Range | undefined;
  let statuses: OrderFilter["statuses"];
  for (const criterion of filter.split(/,(?=\w+:)/)) {
    const [, name = "", value = ""] = /^(\w+):(.*)$/s.exec(criterion) ?? [];
    if (name === "orderfulfillmentstatus") {
      statuses = combinations.get(value);
      if (statuses === undefined) return refused(30800, "Invalid filter value.", criterion);
    } else if (name === "creationdate" || name === "lastmodifieddate") {
      const range = parseRange(value, nowMs);
      if (!range.ok) return range;
      if (name === "creationdate") creation = range.value;
      else modification = range.value;
    } else return refused(30700, "Invalid filter name.", criterion);
  }
  if (creation !== undefined) return { ok: true, value: { by: "creation", ...creation, statuses } };
  if (modification !== undefined) return { ok: true, value: { by: "modification", ...modification, statuses } };
  return { ok: true, value: { ...lastDays, statuses } };
};

/** Only these two combinations are supported. */
const combinations: ReadonlyMap<string, ReadonlySet<FulfillmentStatus>> = new Map([
  ["{NOT_STARTED|IN_PROGRESS}", new Set<FulfillmentStatus>(["NOT_STARTED", "IN_PROGRESS"])],
  ["{FULFILLED|IN_PROGRESS}", new Set<FulfillmentStatus>(["FULFILLED", "IN_PROGRESS"])],
]);

const parseRange = (value: string, nowMs: number): Parsed<Range> => {
  const [, from, to] = /^\[(.*?)\.\.(.*)\]$/s.exec(value) ?? [];
  if (from === undefined || to === undefined) return refused(30800, "Invalid filter value.", value);
  if (from === "") return refused(30820, "Start date is missing.");
  const fromMs = instant(from);
  const toMs = to === "" ? nowMs : instant(to);
  if (fromMs === undefined || toMs === undefined) return refused(30810, "Invalid date format.", value);
  if (fromMs > nowMs || toMs > nowMs) return refused(30850, "Start and end dates can't be in the future.", value);
  if (fromMs > toMs) return refused(30840, "Start date should be before end date.", value);
  if (fromMs < nowMs - historyMs) return refused(30830, "Time range must be within 2 years.", value);
  return { ok: true, value: { fromMs, toMs } };
};

const instant = (text: string): number | undefined => {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
};
