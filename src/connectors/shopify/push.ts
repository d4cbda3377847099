import { z } from "zod";
import { sha256Hex } from "../../core/digest.ts";
import { ChannelError } from "../../core/failure.ts";
import type { CallContext, ListingWrite, PushOutcome } from "../connector.ts";
import type { Client } from "./client.ts";
import { setQuantities } from "./documents.ts";
import type { LocationOf } from "./location.ts";
import { SetQuantitiesAnswer } from "./schemas.ts";
import { type RowVerdict, verdictOf } from "./user-errors.ts";

export const pushBatchMax = 250;
/** Calls one push may spend on splitting out bad rows; what is left then is refused for later. */
const callsMax = 12;

/** What `importListings` noted; a listing from elsewhere may lack it. */
const Details = z.object({ tracked: z.boolean(), isActive: z.boolean() });

/**
 * Absolute quantities by compare-and-set. One bad row makes Shopify reject the whole batch without writing any of it,
 * so bad rows are taken out by their index and the others sent again under a new key (channel document §4.1).
 */
export const createPushQuantities =
  (client: Client, locationOf: LocationOf) =>
  async (batch: readonly ListingWrite[], attemptKey: string, context: CallContext): Promise<readonly PushOutcome[]> => {
    const outcomes: PushOutcome[] = [];
    const writable: ListingWrite[] = [];
    for (const write of batch) {
      const reason = unwritable(write);
      if (reason === undefined) writable.push(write);
      else outcomes.push({ ref: write.ref, status: "refused", retry: "never", reason });
    }
    if (writable.length === 0) return outcomes;
    const locationId = await locationOf(context.signal);
    const work: (readonly ListingWrite[])[] = [];
    for (let start = 0; start < writable.length; start += pushBatchMax)
      work.push(writable.slice(start, start + pushBatchMax));
    for (let calls = 0; ; calls += 1) {
      const rows = work.shift();
      if (rows === undefined) return outcomes;
      if (calls >= callsMax) {
        outcomes.push(...refuseLater(rows, "too many bad rows beside it"));
        continue;
      }
      const key = calls === 0 ? attemptKey : roundKey(attemptKey, rows);
      try {
        const sent = await sendRows(client, { rows, key, attemptKey, locationId, signal: context.signal });
        outcomes.push(...sent.outcomes);
        work.unshift(...sent.again);
      } catch (error) {
        // The first call failed as a whole: the caller judges. Later ones must not lose what is already known.
        if (calls === 0) throw error;
        outcomes.push(...failedCall(rows, error));
        outcomes.push(...refuseLater(work.splice(0).flat(), "not sent: an earlier call of the batch failed"));
      }
    }
  };

/** A write to an untracked item or an inactive level "succeeds" and sells nothing (channel document §4.1). */
const unwritable = (write: ListingWrite): string | undefined => {
  const details = Details.safeParse(write.details).data;
  if (details?.tracked === false) return "inventory is not tracked; switch tracking on and import the listings again";
  if (details?.isActive === false) return "inactive at the location; activate it there and import the listings again";
  return undefined;
};

/** Same rows, same key: a repeated attempt repeats its keys, and no key ever meets another body. */
const roundKey = (attemptKey: string, rows: readonly ListingWrite[]): string =>
  `${attemptKey}:${sha256Hex(rows.map(({ ref, units, expectedUnits }) => `${ref} ${units} ${expectedUnits}`).join("\n")).slice(0, 24)}`;

type Send = {
  readonly rows: readonly ListingWrite[];
  readonly key: string;
  readonly attemptKey: string;
  readonly locationId: string;
  readonly signal: AbortSignal;
};
type Sent = { readonly outcomes: readonly PushOutcome[]; readonly again: readonly (readonly ListingWrite[])[] };

const sendRows = async (client: Client, { rows, key, attemptKey, locationId, signal }: Send): Promise<Sent> => {
  const input = {
    name: "available",
    reason: "correction",
    // Shows in the merchant's inventory history: the only trace that links a change there to our attempt.
    referenceDocumentUri: `gid://lockstep/PushAttempt/${encodeURIComponent(attemptKey)}`,
    quantities: rows.map(({ ref, units, expectedUnits }) => ({
      inventoryItemId: ref,
      locationId,
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

const sortOut = (rows: readonly ListingWrite[], verdict: ReturnType<typeof verdictOf>): Sent => {
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
  return { outcomes: rows.map((row) => outcomeOf(row, batch.verdict)), again: [] };
};

const outcomeOf = ({ ref }: ListingWrite, verdict: RowVerdict): PushOutcome =>
  verdict.status === "refused"
    ? { ref, status: "refused", retry: verdict.retry, reason: verdict.reason }
    : { ref, status: verdict.status, reason: verdict.reason };

const unknownRows = (rows: readonly ListingWrite[], reason: string): PushOutcome[] =>
  rows.map(({ ref }) => ({ ref, status: "unknown", reason }));

const refuseLater = (rows: readonly ListingWrite[], reason: string): PushOutcome[] =>
  rows.map(({ ref }) => ({ ref, status: "refused", retry: "later", reason }));

const failedCall = (rows: readonly ListingWrite[], error: unknown): PushOutcome[] => {
  const reason = error instanceof Error ? error.message : "aborted";
  return error instanceof ChannelError && error.ambiguous ? unknownRows(rows, reason) : refuseLater(rows, reason);
};
