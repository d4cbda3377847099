import { Readable } from "node:stream";
import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { CallContext, ListingReport, ReportedListing } from "../connector.ts";
import type { EbayClient } from "./client.ts";
import { headerOf, unreadable } from "./failures.ts";
import { reportRows } from "./report-rows.ts";
import { unpack } from "./unpack.ts";

const feedType = "LMS_ACTIVE_INVENTORY_REPORT";
/** 25 reports in 24 hours; eBay does not say when the next is free. */
const afterTooManyMs = 60 * 60 * 1000;
const downloadTimeoutMs = 5 * 60 * 1000;
const tooManyCodes = new Set(["160024", "160025"]);

const Task = z.object({ status: z.string() });
const ready = new Set(["COMPLETED", "COMPLETED_WITH_ERROR"]);
const failed = new Set(["FAILED", "ABORTED"]);

/**
 * Everything that is on sale, of both lanes, in one file (Sell Feed): for a first import and for audits, at a fraction
 * of the calls. A report is as old as its task; it proves nothing about a write of a moment ago.
 */
export const createReport = (client: EbayClient): ListingReport => ({
  async request({ signal }) {
    try {
      const body = { feedType, schemaVersion: "1.0" };
      const path = "/sell/feed/v1/inventory_task";
      const answer = await client({ method: "POST", path, body, quota: "feed", repeatable: false }, signal);
      const taskId = headerOf(answer.headers, "location")?.split("/").at(-1);
      if (taskId) return taskId;
      throw new ChannelError({ kind: "retryable", message: "eBay does not name the report's task" });
    } catch (error) {
      if (!(error instanceof ChannelError) || !tooManyCodes.has(error.channelCode ?? "")) throw error;
      throw new ChannelError({
        kind: "throttled",
        message: error.message,
        retryAfterMs: afterTooManyMs,
        ...(error.channelCode !== undefined && { channelCode: error.channelCode }),
        cause: error,
      });
    }
  },

  async progress(taskId, { signal }) {
    const path = `/sell/feed/v1/inventory_task/${encodeURIComponent(taskId)}`;
    const answer = await client({ method: "GET", path, quota: "feed", repeatable: true }, signal);
    const parsed = Task.safeParse(answer.body);
    if (!parsed.success) throw unreadable("report task", parsed.error);
    if (failed.has(parsed.data.status)) return "failed";
    return ready.has(parsed.data.status) ? "ready" : "pending";
  },

  rows: (taskId, context) => download(taskId, client, context),
});

async function* download(taskId: string, client: EbayClient, { signal }: CallContext): AsyncGenerator<ReportedListing> {
  const { body } = await client(
    {
      method: "GET",
      path: `/sell/feed/v1/task/${encodeURIComponent(taskId)}/download_result_file`,
      headers: { Accept: "application/octet-stream" },
      responseType: "stream",
      quota: "feed",
      repeatable: true,
      timeoutMs: downloadTimeoutMs,
    },
    signal,
  );
  if (!(body instanceof Readable)) throw new ChannelError({ kind: "retryable", message: "eBay's report is no file" });
  try {
    yield* reportRows(unpack(body));
  } catch (cause) {
    const message = `eBay's report cannot be read: ${cause instanceof Error ? cause.message : "damaged"}`;
    throw new ChannelError({ kind: "retryable", message, cause });
  } finally {
    body.destroy();
  }
}
