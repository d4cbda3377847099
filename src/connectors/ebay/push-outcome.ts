import type { PushOutcome } from "../connector.ts";
import { adviceOn, classOf } from "./error-classes.ts";
import { describeErrors } from "./failures.ts";
import type { PriceQuantityRow } from "./schemas.ts";

/** A listing as it was asked for in bulk_update_price_quantity. */
export type QuantityRequest = {
  readonly ref: string;
  readonly sku: string;
  readonly offerIds: readonly string[];
  readonly units: number;
  /** What the listing showed when the quantity was decided; null = not known. */
  readonly expectedUnits: number | null;
};

type Verdict = "done" | "later" | "never" | "unclear";

const verdictOf = (row: PriceQuantityRow): Verdict => {
  if (row.statusCode >= 200 && row.statusCode < 300) return "done";
  const classes = (row.errors ?? []).map(classOf);
  // Nothing was written and it passes: concurrent access to the SKU, too many calls (§4).
  if (classes.includes("busy") || row.statusCode === 429 || row.statusCode === 409) return "later";
  // A system error does not say on which side of the write it happened.
  if (row.statusCode >= 500 || classes.includes("system")) return "unclear";
  return "never";
};

/** Rows are matched by SKU and offer id, never by position; the item's own row has no offer id. */
const rowsOf = ({ sku, offerIds }: QuantityRequest, rows: readonly PriceQuantityRow[]): readonly PriceQuantityRow[] =>
  rows.filter((row) => row.sku === sku && (row.offerId === undefined || offerIds.includes(row.offerId)));

/** eBay does not know an offer or item that the import noted: worth one look at the SKU's offers. */
export const namesGone = (request: QuantityRequest, rows: readonly PriceQuantityRow[]): boolean =>
  rowsOf(request, rows).some(({ errors = [] }) => errors.some((error) => classOf(error) === "gone"));

/**
 * The truth about one listing out of all the answer's rows, whatever the envelope's status (200 or 207 prove nothing).
 * One request row may yield several. `accepted` needs a good row for every offer asked for and no bad row at all.
 *
 * Partly written: when another *offer* took the quantity, "refused" would be a lie (it means that nothing was
 * written), so the outcome is `unknown` and a read-back decides. The item's quantity alone is no such case: buyers see
 * the smaller of item and offer, so with its offer refused the listing shows no more than before, and a lowering that
 * did reach the item is what we wanted anyway.
 */
export const outcomeOf = (
  request: QuantityRequest,
  rows: readonly PriceQuantityRow[],
  receipt: string | null,
): PushOutcome => {
  const { ref, offerIds } = request;
  const judged = rowsOf(request, rows).map((row) => ({ row, verdict: verdictOf(row) }));
  const failed = judged.filter(({ verdict }) => verdict !== "done");
  const taken = offerIds.filter((id) => judged.some(({ row, verdict }) => row.offerId === id && verdict === "done"));

  const reason = failed.map(({ row }) => reasonOf(row)).join("; ");
  if (failed.some(({ verdict }) => verdict === "unclear")) return { ref, status: "unknown", reason };
  if (failed.length > 0) {
    const untouched = taken.filter((id) => !failed.some(({ row }) => row.offerId === id));
    if (untouched.length > 0)
      return { ref, status: "unknown", reason: `partly written (offer ${untouched.join(", ")}); ${reason}` };
    const retry = failed.some(({ verdict }) => verdict === "never") ? "never" : "later";
    return { ref, status: "refused", retry, reason };
  }
  const missing = offerIds.filter((id) => !taken.includes(id));
  return missing.length === 0
    ? { ref, status: "accepted", receipt }
    : { ref, status: "unknown", reason: `eBay's answer has no row for offer ${missing.join(", ")}` };
};

const reasonOf = ({ statusCode, offerId, errors = [] }: PriceQuantityRow): string => {
  const said = describeErrors(errors) || "no error given";
  const where = offerId === undefined ? "" : `offer ${offerId}: `;
  const advice = adviceOn(errors);
  return `${where}${statusCode} ${said}${advice === undefined ? "" : `; ${advice}`}`;
};
