import type { PushOutcome } from "../connector.ts";
import type { Client } from "./client.ts";
import { setQuantities } from "./documents.ts";
import { type Row, unknownRows } from "./push-row.ts";
import { SetQuantitiesAnswer } from "./schemas.ts";
import { type RowVerdict, type Verdict, verdictOf } from "./user-errors.ts";

export type SetCall = {
  readonly rows: readonly Row[];
  readonly key: string;
  readonly attemptKey: string;
  readonly signal: AbortSignal;
};
/** `again`: rows that this call neither wrote nor judged, in the parts in which they should be sent. */
export type Sent = {
  readonly outcomes: readonly PushOutcome[];
  readonly again: readonly (readonly Row[])[];
  /** The first request under this key was still at work: its outcome is asked for with the same key and body. */
  readonly inProgress?: true;
};

/** One `inventorySetQuantities`. Throws ChannelError, `ambiguous` when it may have taken effect. */
export const setRows = async (client: Client, { rows, key, attemptKey, signal }: SetCall): Promise<Sent> => {
  const input = {
    name: "available",
    reason: "correction",
    // Shows in the merchant's inventory history: the only trace that links a change there to our attempt.
    referenceDocumentUri: `gid://lockstep/PushAttempt/${encodeURIComponent(attemptKey)}`,
    quantities: rows.map(({ itemGid, locationGid, units, expectedUnits }) => ({
      inventoryItemId: itemGid,
      locationId: locationGid,
      quantity: units,
      // null on purpose (never read): leaving the key out is refused since 2026-04.
      changeFromQuantity: expectedUnits,
    })),
  };
  const call = { document: setQuantities, variables: { input, key }, schema: SetQuantitiesAnswer, write: true };
  const { inventoryAdjustmentGroup: group, userErrors } = (await client.call(call, signal)).data.inventorySetQuantities;
  if (userErrors.length === 0) {
    // No group and no errors: every level already showed its quantity. That is success.
    const receipt = group?.id ?? null;
    return { outcomes: rows.map(({ ref }) => ({ ref, status: "accepted", receipt })), again: [] };
  }
  if (group !== null) return { outcomes: unknownRows(rows, "answered with both changes and errors"), again: [] };
  return sortOut(rows, verdictOf(userErrors));
};

const sortOut = (rows: readonly Row[], verdict: Verdict): Sent => {
  const named = rows.flatMap((row, index) => {
    const found = verdict.rows.get(index);
    return found === undefined ? [] : [outcomeOf(row, found)];
  });
  if (named.length > 0) {
    const rest = rows.filter((_, index) => !verdict.rows.has(index));
    return { outcomes: named, again: rest.length === 0 ? [] : [rest] };
  }
  const { batch } = verdict;
  if (batch.divisible && rows.length > 1) {
    const middle = Math.ceil(rows.length / 2);
    return { outcomes: [], again: [rows.slice(0, middle), rows.slice(middle)] };
  }
  const outcomes = rows.map((row) => outcomeOf(row, batch.verdict));
  return batch.inProgress === true ? { outcomes, again: [], inProgress: true } : { outcomes, again: [] };
};

const outcomeOf = ({ ref }: Row, verdict: RowVerdict): PushOutcome =>
  verdict.status === "refused"
    ? { ref, status: "refused", retry: verdict.retry, reason: verdict.reason }
    : { ref, status: verdict.status, reason: verdict.reason };
