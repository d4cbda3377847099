import type { ListingWrite, PushOutcome } from "../connector.ts";
import { disputedRefs, disputeReason, merchantPatch, refusalOf } from "./push.ts";
import { ListingDetails } from "./refs.ts";
import type { FeedReport } from "./schemas.ts";

/** Amazon's bounds of one listings feed (§9). */
const messagesMax = 25_000;
const bytesMax = 10 * 1024 * 1024;
export const feedContentType = "application/json; charset=UTF-8";

export type FeedDocument = {
  /** undefined: no write may go along. */
  readonly content: Buffer | undefined;
  readonly messages: number;
  /** Of the writes that did not go along. */
  readonly outcomes: readonly PushOutcome[];
};

/** Messages are numbered in the order of their refs, so that the same refs always get the same numbers. */
const byRef = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A JSON_LISTINGS_FEED of quantities: PATCH with `merge`, as the single writes are. Pure. */
export const feedDocumentOf = (sellerId: string, writes: readonly ListingWrite[]): FeedDocument => {
  const outcomes: PushOutcome[] = [];
  const messages: string[] = [];
  const disputed = disputedRefs(writes);
  let bytes = 256;
  for (const write of writes.toSorted((a, b) => byRef(a.ref, b.ref))) {
    const details = ListingDetails.safeParse(write.details).data;
    const reason = disputed.has(write.ref) ? disputeReason : refusalOf(details);
    if (details === undefined || reason !== undefined) {
      outcomes.push({ ref: write.ref, status: "refused", retry: "never", reason: reason ?? "not writable" });
      continue;
    }
    const message = JSON.stringify({
      messageId: messages.length + 1,
      sku: details.sku,
      operationType: "PATCH",
      ...merchantPatch(details, write.units),
    });
    bytes += Buffer.byteLength(message) + 1;
    if (messages.length >= messagesMax || bytes > bytesMax) {
      outcomes.push({ ref: write.ref, status: "refused", retry: "later", reason: "not sent: the document is full" });
      continue;
    }
    messages.push(message);
  }
  const header = JSON.stringify({ sellerId, version: "2.0", issueLocale: "en_US" });
  const text = `{"header":${header},"messages":[${messages.join(",")}]}`;
  return { content: messages.length === 0 ? undefined : Buffer.from(text), messages: messages.length, outcomes };
};

/**
 * What became of each message. DONE is no success (§9): an ERROR with its number refuses a message, one without a
 * number the whole document, and what the summary does not account for is unknown. Accepted is not applied. Pure.
 */
export const outcomesOfReport = (
  refs: readonly string[],
  receipt: string,
  report: FeedReport,
): readonly PushOutcome[] => {
  const errors = report.issues.filter(({ severity }) => severity === "ERROR");
  const told = ({ code, message }: { code?: string | undefined; message: string }): string =>
    code === undefined ? message : `${code}: ${message}`;
  const whole = errors.find(({ messageId }) => messageId === undefined);
  const byMessage = Map.groupBy(errors, ({ messageId }) => messageId);
  const { messagesProcessed = refs.length, messagesInvalid = 0 } = report.summary;
  const named = byMessage.size - (whole === undefined ? 0 : 1);
  const isAccountedFor = messagesProcessed >= refs.length && messagesInvalid <= named;
  return refs.toSorted(byRef).map((ref, index): PushOutcome => {
    if (whole !== undefined)
      return { ref, status: "refused", retry: "later", reason: `the whole feed: ${told(whole)}` };
    const own = byMessage.get(index + 1);
    if (own !== undefined) return { ref, status: "refused", retry: "never", reason: own.map(told).join("; ") };
    if (!isAccountedFor) return { ref, status: "unknown", reason: "the feed's report does not account for it" };
    return { ref, status: "accepted", receipt };
  });
};
