import { gzipSync } from "node:zlib";
import { z } from "zod";
import { toIso } from "../../core/clock.ts";
import type { Timers } from "../kit/timers.ts";
import { type Answer, invalidInput, notFound, ok } from "./answers.ts";
import type { DocumentStore } from "./documents.ts";
import type { createFeedWorker } from "./feed-worker.ts";
import type { Call, Handler } from "./gate.ts";
import type { Identifiers } from "./identifiers.ts";

type Feed = {
  readonly feedId: string;
  readonly createdMs: number;
  readonly marketplaceIds: readonly string[];
  state: "IN_QUEUE" | "IN_PROGRESS" | "DONE" | "FATAL" | "CANCELLED";
  resultDocumentId?: string;
};

export type FeedsDeps = {
  readonly documents: DocumentStore;
  readonly work: ReturnType<typeof createFeedWorker>;
  readonly identifiers: Identifiers;
  readonly timers: Timers;
  readonly nowMs: () => number;
  /** From the feed's creation to its end, while it waits and is worked off, ms. */
  readonly delayMs: () => number;
  /** Where this simulator is reached. */
  readonly origin: () => string;
};

const CreateDocument = z.object({ contentType: z.string() });
const CreateFeed = z.object({
  feedType: z.string(),
  marketplaceIds: z.array(z.string()),
  inputFeedDocumentId: z.string(),
});

/** Feeds 2021-06-30 for listings; a seller's feeds are worked off one after the other (channel document §9). */
export const feedsHandlers = (deps: FeedsDeps): Readonly<Record<string, Handler>> => {
  const { documents, identifiers, timers, nowMs } = deps;
  const feeds = new Map<string, Feed>();
  let created = 0;
  /** When the newest feed in the queue will be done. */
  let busyUntilMs = 0;
  const sellers = (handle: (call: Call) => Answer): Handler => ({ audience: "seller", handle });
  const render = (feed: Feed) => ({
    feedId: feed.feedId,
    feedType: "JSON_LISTINGS_FEED",
    marketplaceIds: feed.marketplaceIds,
    createdTime: toIso(feed.createdMs),
    processingStatus: feed.state,
    ...(feed.resultDocumentId === undefined ? {} : { resultFeedDocumentId: feed.resultDocumentId }),
  });
  const finish = (feed: Feed, inputId: string): void => {
    if (feed.state === "CANCELLED") return;
    const result = deps.work(feed.feedId, documents.textOf(inputId));
    feed.state = result.kind === "fatal" ? "FATAL" : "DONE";
    if (result.kind === "fatal") return;
    const resultId = `amzn1.tortuga.${identifiers.uuid(`feed-result:${feed.feedId}`)}`;
    documents.put(resultId, "application/json", gzipSync(JSON.stringify(result.report)), true);
    feed.resultDocumentId = resultId;
  };
  const begin = (feed: Feed, inputId: string): void => {
    const delayMs = Math.max(0, busyUntilMs - nowMs()) + deps.delayMs();
    busyUntilMs = nowMs() + delayMs;
    timers.after(delayMs / 2, () => {
      if (feed.state === "IN_QUEUE") feed.state = "IN_PROGRESS";
    });
    timers.after(delayMs, () => finish(feed, inputId));
  };
  const feedOf = (call: Call): Feed | undefined => feeds.get(call.path["feedId"] ?? "");

  return {
    createFeedDocument: sellers((call) => {
      const { contentType } = CreateDocument.parse(call.body);
      created += 1;
      const feedDocumentId = `amzn1.tortuga.${identifiers.uuid(`feed-document:${created}:${nowMs()}`)}`;
      documents.create(feedDocumentId, contentType);
      return ok({ feedDocumentId, url: `${deps.origin()}${documents.presign("PUT", feedDocumentId)}` }, 201);
    }),
    createFeed: sellers((call) => {
      const { feedType, marketplaceIds, inputFeedDocumentId } = CreateFeed.parse(call.body);
      // The older inventory feeds end FATAL since 2025 (channel document, fact 9); whoever sends one has not noticed.
      if (feedType !== "JSON_LISTINGS_FEED") return invalidInput(`Invalid feedType: ${feedType}`);
      if (documents.find(inputFeedDocumentId)?.content === undefined)
        return invalidInput("Invalid inputFeedDocumentId");
      created += 1;
      const feedId = String(50_000_000_000 + created);
      const feed: Feed = { feedId, createdMs: nowMs(), marketplaceIds, state: "IN_QUEUE" };
      feeds.set(feedId, feed);
      begin(feed, inputFeedDocumentId);
      return ok({ feedId }, 202);
    }),
    getFeed: sellers((call) => {
      const feed = feedOf(call);
      return feed === undefined ? notFound("Feed not found.") : ok(render(feed));
    }),
    cancelFeed: sellers((call) => {
      const feed = feedOf(call);
      if (feed === undefined) return notFound("Feed not found.");
      if (feed.state !== "IN_QUEUE") return invalidInput("Only a feed that waits can be cancelled.");
      feed.state = "CANCELLED";
      return ok(undefined);
    }),
    getFeedDocument: sellers((call) => {
      const feedDocumentId = call.path["feedDocumentId"] ?? "";
      const found = documents.find(feedDocumentId);
      if (found?.content === undefined) return notFound("Document not found.");
      return ok({
        feedDocumentId,
        url: `${deps.origin()}${documents.presign("GET", feedDocumentId)}`,
        ...(found.gzipped ? { compressionAlgorithm: "GZIP" } : {}),
      });
    }),
  };
};
