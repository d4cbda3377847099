import { text } from "node:stream/consumers";
import { ChannelError } from "../../core/failure.ts";
import type { Bulk, CallContext, PushOutcome } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { AmazonSettings } from "../settings.ts";
import { type AmazonClient, parseAnswer } from "./client.ts";
import type { Documents } from "./documents.ts";
import { isNotFound } from "./failures.ts";
import { feedContentType, feedDocumentOf, outcomesOfReport } from "./feed-document.ts";
import { choosePushDoor } from "./push-door.ts";
import { amazonQuotas } from "./quotas.ts";
import { DocumentCreated, DocumentPlace, Feed, FeedCreated, FeedReport } from "./schemas.ts";

const feedsPath = "/feeds/2021-06-30";
/** A feed of any size has taken from minutes to hours (§9); from about 1,500 raises on it is the faster door. */
const bulkSeconds = 300;

type FeedDeps = {
  readonly client: AmazonClient;
  readonly documents: Documents;
  readonly settings: AmazonSettings;
  readonly deps: Pick<ConnectorDeps, "log">;
};

const upload = async ({ client, documents }: FeedDeps, content: Buffer, signal: AbortSignal): Promise<string> => {
  const answer = await client.call(
    {
      operation: "createFeedDocument",
      method: "POST",
      path: `${feedsPath}/documents`,
      body: { contentType: feedContentType },
      // A place that nobody uses is thrown away by Amazon.
      repeatable: true,
    },
    signal,
  );
  const { feedDocumentId, url } = parseAnswer(DocumentCreated, answer.data, "createFeedDocument");
  await documents.upload(url, content, feedContentType, signal);
  return feedDocumentId;
};

/** A document is only a document until a feed names it: a failure before that has changed nothing. */
const withoutEffect = (error: unknown): unknown => {
  if (!(error instanceof ChannelError) || !error.ambiguous) return error;
  return new ChannelError({ kind: error.kind, message: error.message, cause: error });
};

const createFeed = async (
  { client, settings }: FeedDeps,
  inputFeedDocumentId: string,
  signal: AbortSignal,
): Promise<string> => {
  // Quantities are shared by all marketplaces of the region (§0.1): one is enough, and any would do.
  const marketplaceIds = settings.marketplaceIds.slice(0, 1);
  const body = { feedType: "JSON_LISTINGS_FEED", marketplaceIds, inputFeedDocumentId };
  const answer = await client.call(
    { operation: "createFeed", method: "POST", path: `${feedsPath}/feeds`, body },
    signal,
  );
  const created = FeedCreated.safeParse(answer.data);
  if (created.success) return created.data.feedId;
  throw new ChannelError({ kind: "retryable", message: "createFeed: no feed id in the answer", ambiguous: true });
};

const readReport = async (
  { client, documents }: FeedDeps,
  documentId: string,
  signal: AbortSignal,
): Promise<FeedReport> => {
  const path = `${feedsPath}/documents/${encodeURIComponent(documentId)}`;
  const answer = await client.call({ operation: "getFeedDocument", method: "GET", path }, signal);
  const { content } = await documents.download(parseAnswer(DocumentPlace, answer.data, "getFeedDocument"), signal);
  let told: unknown;
  try {
    told = JSON.parse(await text(content));
  } catch {
    throw new ChannelError({ kind: "retryable", message: "the feed's report cannot be read" });
  }
  return parseAnswer(FeedReport, told, "the feed's report");
};

const settle = async (
  around: FeedDeps,
  receipt: string,
  refs: readonly string[],
  { signal }: CallContext,
): Promise<readonly PushOutcome[] | "pending"> => {
  const all = (status: "refused" | "unknown", reason: string): readonly PushOutcome[] =>
    refs.map((ref) => (status === "refused" ? { ref, status, retry: "later", reason } : { ref, status, reason }));
  const path = `${feedsPath}/feeds/${encodeURIComponent(receipt)}`;
  const answer = await around.client
    .call({ operation: "getFeed", method: "GET", path }, signal)
    .catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  if (answer === undefined) return all("unknown", `Amazon does not know feed ${receipt}`);
  const feed = parseAnswer(Feed, answer.data, "getFeed");
  switch (feed.processingStatus) {
    case "IN_QUEUE":
    case "IN_PROGRESS":
      return "pending";
    case "CANCELLED":
      return all("refused", `feed ${receipt} was cancelled before it began`);
    case "FATAL":
      // "Some, none, or all of the operations may have completed": only the listings themselves can tell.
      return all("unknown", `feed ${receipt} was aborted by Amazon`);
    case "DONE":
      if (feed.resultFeedDocumentId === undefined) return all("unknown", `feed ${receipt} has no report`);
      return outcomesOfReport(refs, receipt, await readReport(around, feed.resultFeedDocumentId, signal));
    default:
      return "pending";
  }
};

/** Many quantities as one JSON_LISTINGS_FEED. The receipt is Amazon's feed id. */
export const createBulk = (around: FeedDeps): Bulk => ({
  doors(requests) {
    return choosePushDoor(requests, {
      ...amazonQuotas.patchListingsItem,
      ...around.settings.quotas["patchListingsItem"],
      bulkSeconds,
    });
  },
  async submit(writes, attemptKey, { accountId, signal }) {
    const { content, messages, outcomes } = feedDocumentOf(around.settings.sellerId, writes);
    if (content === undefined) return { receipt: null, outcomes };
    const documentId = await upload(around, content, signal).catch((error: unknown) => {
      throw withoutEffect(error);
    });
    const receipt = await createFeed(around, documentId, signal);
    around.deps.log.info({ accountId, attemptKey, feedId: receipt, messages, bytes: content.length }, "feed submitted");
    return { receipt, outcomes };
  },
  settle: (receipt, refs, context) => settle(around, receipt, refs, context),
});
