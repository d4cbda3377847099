import { ChannelError } from "../../core/failure.ts";
import type { ListingWrite, PushOutcome } from "../connector.ts";
import type { EbayClient } from "./client.ts";
import { legacyBatchMax, pushLegacy } from "./legacy-push.ts";
import type { createOutOfStockControl } from "./out-of-stock.ts";
import { pushRest } from "./push.ts";
import { type Planned, planWrite } from "./push-plan.ts";
import { type RevisionBook, saysRevisedTooOften } from "./revisions.ts";
import type { Trading } from "./trading.ts";

export type Pushing = {
  readonly client: EbayClient;
  readonly trading: Trading;
  readonly revisions: RevisionBook;
  readonly outOfStock: ReturnType<typeof createOutOfStockControl>;
  /** SKUs in one bulk call, 1–25. */
  readonly batchMax: number;
  readonly accountId: string;
  readonly signal: AbortSignal;
};

type Writable = Exclude<Planned, { lane: "none" }>;

/**
 * Quantities through the lane of each listing. Not sent at all: a listing that has had its revisions of the day, and a
 * 0 that would end its listing. Throws `ChannelError` only when nothing was written.
 */
export const pushQuantities = async (
  batch: readonly ListingWrite[],
  pushing: Pushing,
): Promise<readonly PushOutcome[]> => {
  const planned = batch.map(planWrite);
  const outcomes: PushOutcome[] = planned.flatMap((entry) => (entry.lane === "none" ? [entry.outcome] : []));
  const writable = planned.filter((entry) => entry.lane !== "none");
  const held = await holdBack(writable, pushing);
  outcomes.push(...held.values());
  const open = writable.filter(({ request }) => !held.has(request.ref));
  let sent = false;
  for (const { entries, push } of callsFor(open, pushing)) {
    try {
      const answered = await push();
      outcomes.push(...answered.map((outcome) => settle(outcome, entries, pushing.revisions)));
      sent = true;
    } catch (error) {
      if (!(error instanceof ChannelError) || !sent) throw error;
      // Outcomes already known would be lost with it.
      const { message: reason } = error;
      outcomes.push(
        ...entries.map(({ request: { ref } }): PushOutcome => ({ ref, status: "refused", retry: "later", reason })),
      );
    }
  }
  return outcomes;
};

const holdBack = async (
  entries: readonly Writable[],
  { revisions, outOfStock, accountId, signal }: Pushing,
): Promise<ReadonlyMap<string, PushOutcome>> => {
  const zeroes = entries.some(({ request }) => request.units === 0);
  const zeroEnds = zeroes && (await outOfStock(accountId, signal)) === "off";
  const held = new Map<string, PushOutcome>();
  for (const { keys, request } of entries) {
    const { ref, units } = request;
    const notBefore = revisions.lockedUntil(keys);
    if (notBefore !== undefined) held.set(ref, revisedTooOften(ref, notBefore));
    else if (zeroEnds && units === 0) {
      const reason =
        "out-of-stock control is off, so a quantity of 0 would end the listing; switch it on in eBay's site preferences";
      held.set(ref, { ref, status: "refused", retry: "never", reason });
    }
  }
  return held;
};

const revisedTooOften = (ref: string, notBefore: string): PushOutcome => ({
  ref,
  status: "refused",
  retry: "later",
  reason: `eBay takes no more revisions of this listing today; again at ${notBefore}`,
  notBefore,
});

type Call = { readonly entries: readonly Writable[]; push(): Promise<readonly PushOutcome[]> };

const callsFor = (entries: readonly Writable[], { client, trading, batchMax, signal }: Pushing): readonly Call[] => {
  const rest = entries.filter((entry) => entry.lane === "rest");
  const legacy = entries.filter((entry) => entry.lane === "trading");
  const requestsOf = <Entry extends { readonly request: unknown }>(part: readonly Entry[]): Entry["request"][] =>
    part.map(({ request }) => request);
  return [
    ...slices(rest, batchMax).map((part) => ({
      entries: part,
      push: () => pushRest(requestsOf(part), client, signal),
    })),
    ...slices(legacy, legacyBatchMax).map((part) => ({
      entries: part,
      push: () => pushLegacy(requestsOf(part), trading, signal),
    })),
  ];
};

const slices = <Entry>(entries: readonly Entry[], size: number): readonly (readonly Entry[])[] =>
  Array.from({ length: Math.ceil(entries.length / size) }, (_, at) => entries.slice(at * size, (at + 1) * size));

/** What was or may have been written counts as a revision; eBay's own word that the day is full is kept. */
const settle = (outcome: PushOutcome, entries: readonly Writable[], revisions: RevisionBook): PushOutcome => {
  const keys = entries.find(({ request }) => request.ref === outcome.ref)?.keys ?? [];
  if (outcome.status !== "refused") revisions.count(keys);
  else if (saysRevisedTooOften(outcome.reason)) return revisedTooOften(outcome.ref, revisions.lock(keys));
  return outcome;
};
