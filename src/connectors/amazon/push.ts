import { ChannelError } from "../../core/failure.ts";
import type { CallContext, ListingWrite, PushOutcome } from "../connector.ts";
import type { AmazonClient } from "./client.ts";
import { neverLeft } from "./failures.ts";
import { isAddressable, isFulfilledByAmazon, ListingDetails, listingPath, merchantCode } from "./refs.ts";
import { Submission } from "./schemas.ts";

/** A few at once: the answer takes longer than the fifth of a second that one token takes to refill. */
const parallelMax = 4;

type Job = { readonly write: ListingWrite; readonly details: ListingDetails };

/** Why a write must not even be tried, or undefined. FBA stock is never written: it would strand (§0.10). */
export const refusalOf = (details: ListingDetails | undefined): string | undefined => {
  if (details === undefined) return "the listing's details are not from an import of this connector";
  if (isFulfilledByAmazon(details.channelCode)) return `fulfilled by Amazon (${details.channelCode}): never written`;
  if (details.channelCode !== merchantCode) return `stock of supply source ${details.channelCode}: not written`;
  if (!isAddressable(details.sku)) return `SKU "${details.sku}" cannot be part of an address`;
  return undefined;
};

/**
 * A quantity is one number for the SKU in all marketplaces (§0.1): two writes that want different ones are both wrong,
 * for whichever came last would win (§13.2). Answers the refs of such writes.
 */
export const disputedRefs = (writes: readonly ListingWrite[]): ReadonlySet<string> => {
  const keyOf = (write: ListingWrite): string | undefined => {
    const details = ListingDetails.safeParse(write.details).data;
    return details === undefined ? undefined : `${details.channelCode}:${details.sku}`;
  };
  const disputed = [...Map.groupBy(writes, keyOf)].flatMap(([key, group]) =>
    key !== undefined && new Set(group.map(({ units }) => units)).size > 1 ? group : [],
  );
  return new Set(disputed.map(({ ref }) => ref));
};
export const disputeReason = "two writes want different quantities of this SKU, which all marketplaces share";

/** `merge` alone keeps lead time and restock date (§0.3); nothing but the quantity goes along, for the faster quota (§3). */
export const merchantPatch = (details: ListingDetails, units: number) => ({
  productType: details.productType,
  patches: [
    {
      op: "merge",
      path: "/attributes/fulfillment_availability",
      value: [{ fulfillment_channel_code: details.channelCode, quantity: units }],
    },
  ],
});

/** ACCEPTED means queued, no more (§0.2). INVALID comes with HTTP 200; VALID belongs to a preview and changed nothing. */
const outcomeOf = (ref: string, data: unknown): PushOutcome => {
  const parsed = Submission.safeParse(data);
  if (!parsed.success) return { ref, status: "unknown", reason: "Amazon's answer was not understood" };
  const { status, submissionId, issues = [] } = parsed.data;
  if (status === "ACCEPTED") return { ref, status: "accepted", receipt: submissionId };
  if (status === "VALID") return { ref, status: "refused", retry: "later", reason: "Amazon only previewed the change" };
  if (status !== "INVALID") return { ref, status: "unknown", reason: `Amazon answered with status ${status}` };
  const errors = issues.filter((issue) => issue.severity === "ERROR");
  const told = (errors.length > 0 ? errors : issues).map((issue) => `${issue.code}: ${issue.message}`).join("; ");
  return { ref, status: "refused", retry: "never", reason: told === "" ? "Amazon called the change invalid" : told };
};

type Tried = { readonly outcome: PushOutcome; readonly reachedAmazon: boolean; readonly failure?: unknown };

/** What a failed call says about its own SKU. `isCommon`: the next call would fare the same. */
const judge = (ref: string, error: unknown): Tried & { readonly isCommon: boolean } => {
  const failed = (outcome: PushOutcome, reachedAmazon: boolean, isCommon: boolean) => ({
    outcome,
    reachedAmazon,
    isCommon,
    failure: error,
  });
  if (!(error instanceof ChannelError)) {
    return failed({ ref, status: "unknown", reason: "the call was broken off" }, true, true);
  }
  const reason = error.message;
  if (error.kind === "permanent") return failed({ ref, status: "refused", retry: "never", reason }, true, false);
  if (error.ambiguous && !neverLeft(error)) {
    // Amazon's own 5xx may concern this SKU alone; a gateway's page or silence concerns them all.
    return failed({ ref, status: "unknown", reason }, true, error.channelCode === undefined);
  }
  return failed({ ref, status: "refused", retry: "later", reason }, false, true);
};

/** One PATCH. A failure that is common to all aborts `halt`, and whoever has not sent by then does not. */
const tryPatch = async (
  client: AmazonClient,
  sellerId: string,
  { write, details }: Job,
  halt: AbortController,
  signal: AbortSignal,
): Promise<Tried> => {
  const unsent = (failure?: unknown): Tried => ({
    outcome: { ref: write.ref, status: "refused", retry: "later", reason: `not sent: ${String(halt.signal.reason)}` },
    reachedAmazon: false,
    failure,
  });
  if (halt.signal.aborted) return unsent();
  let isUnderWay = false;
  try {
    const answer = await client.call(
      {
        operation: "patchListingsItem",
        method: "PATCH",
        path: listingPath(sellerId, details.sku),
        query: { marketplaceIds: [details.marketplaceId], includedData: ["issues"] },
        body: merchantPatch(details, write.units),
        quotaSignal: halt.signal,
        onSend: () => {
          isUnderWay = true;
        },
      },
      signal,
    );
    return { outcome: outcomeOf(write.ref, answer.data), reachedAmazon: true };
  } catch (error) {
    const judged = judge(write.ref, error);
    if (judged.isCommon || !isUnderWay) halt.abort(error instanceof Error ? error.message : String(error));
    return isUnderWay ? judged : unsent(error);
  }
};

/**
 * One PATCH a SKU, a few in parallel, and one outcome for each. When a call shows that the rest would fail too (429,
 * credentials, no connection), what was not sent comes back as refused for later with that reason; only when nothing
 * reached Amazon and nothing is known about any listing is the failure thrown.
 * Errors: the first `ChannelError`, or the signal's reason.
 */
export const pushQuantities = async (
  client: AmazonClient,
  sellerId: string,
  batch: readonly ListingWrite[],
  context: CallContext,
): Promise<readonly PushOutcome[]> => {
  const outcomes: PushOutcome[] = [];
  const jobs: Job[] = [];
  const disputed = disputedRefs(batch);
  for (const write of batch) {
    const details = ListingDetails.safeParse(write.details).data;
    const reason = disputed.has(write.ref) ? disputeReason : refusalOf(details);
    if (details !== undefined && reason === undefined) jobs.push({ write, details });
    else outcomes.push({ ref: write.ref, status: "refused", retry: "never", reason: reason ?? "not writable" });
  }
  const halt = new AbortController();
  const tried: Tried[] = [];
  const waiting = jobs.values();
  const worker = async (): Promise<void> => {
    for (const job of waiting) tried.push(await tryPatch(client, sellerId, job, halt, context.signal));
  };
  await Promise.all(Array.from({ length: parallelMax }, worker));
  const failure = tried.find((one) => one.failure !== undefined)?.failure;
  if (failure !== undefined && outcomes.length === 0 && !tried.some((one) => one.reachedAmazon)) throw failure;
  return [...outcomes, ...tried.map((one) => one.outcome)];
};
