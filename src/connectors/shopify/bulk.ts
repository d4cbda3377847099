import { ChannelError } from "../../core/failure.ts";
import type { CallContext, DatedReading } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import { createFileReader } from "./bulk-file.ts";
import type { Client } from "./client.ts";
import { bulkLevels, bulkRun, bulkState } from "./documents.ts";
import { levelRef } from "./level-ref.ts";
import type { LocationsOf, MappedLocations } from "./location.ts";
import { availableOf } from "./read.ts";
import { BulkRow, BulkRunAnswer, BulkStateAnswer } from "./schemas.ts";

const pollWaitsMs = [500, 1_000, 2_000, 5_000, 10_000] as const;
/** Five operations run at once for an app and shop; another app's user of ours may hold them. */
const busyMs = 30_000;

/**
 * Every level at the account's locations, in one bulk operation, streamed (channel document §5). It takes nothing from
 * the cost bucket. The snapshot is no point in time: each reading has the level's own update time, and one older than
 * what is known since must not win. Throws ChannelError: `throttled` while too many operations run, `retryable` when the
 * operation failed, after what it had was yielded.
 */
export const createReadEverything = (client: Client, locationsOf: LocationsOf, deps: ConnectorDeps) => {
  const linesOf = createFileReader(deps);
  return async function* ({ signal }: CallContext): AsyncGenerator<DatedReading> {
    const locations = await locationsOf(signal);
    const end = await waitFor(client, await begin(client, signal), deps, signal);
    // null when there is not a single object.
    if (end.url !== null) yield* readingsOf(linesOf(end.url, signal), locations);
    if (end.failure !== undefined) throw end.failure;
  };
};

const begin = async (client: Client, signal: AbortSignal): Promise<string> => {
  const call = { document: bulkRun, variables: { query: bulkLevels }, schema: BulkRunAnswer, write: true };
  const { bulkOperation, userErrors } = (await client.call(call, signal)).data.bulkOperationRunQuery;
  if (bulkOperation !== null) return bulkOperation.id;
  const [error] = userErrors;
  const code = error?.code ?? "no code";
  const message = `no bulk operation: ${code}`;
  if (code === "OPERATION_IN_PROGRESS" || code === "LIMIT_REACHED") {
    throw new ChannelError({ kind: "throttled", message, retryAfterMs: busyMs, channelCode: code });
  }
  throw new ChannelError({ kind: "permanent", message, channelCode: code });
};

type End = { readonly url: string | null; readonly failure?: ChannelError };

const waitFor = async (
  client: Client,
  id: string,
  { clock }: Pick<ConnectorDeps, "clock">,
  signal: AbortSignal,
): Promise<End> => {
  for (let polls = 0; ; polls += 1) {
    await clock.sleep(pollWaitsMs[Math.min(polls, pollWaitsMs.length - 1)] ?? busyMs, signal);
    const { data } = await client.call({ document: bulkState, variables: { id }, schema: BulkStateAnswer }, signal);
    const operation = data.bulkOperation;
    if (operation === null) return { url: null, failure: failed("retryable", "the operation is gone") };
    switch (operation.status) {
      case "CREATED":
      case "RUNNING":
      case "CANCELING":
        break;
      case "COMPLETED":
        return { url: operation.url };
      default: {
        const kind = operation.errorCode === "ACCESS_DENIED" ? "auth" : "retryable";
        const why = operation.errorCode ?? operation.status;
        return { url: operation.partialDataUrl, failure: failed(kind, `the bulk operation ended with ${why}`) };
      }
    }
  }
};

const failed = (kind: "auth" | "retryable", message: string): ChannelError => new ChannelError({ kind, message });

/** Items come before their levels, but the levels of several items may be mixed. */
async function* readingsOf(lines: AsyncIterable<string>, { main, all }: MappedLocations): AsyncGenerator<DatedReading> {
  const tracked = new Map<string, boolean>();
  const unseen = new Set<string>();
  for await (const line of lines) {
    const row = BulkRow.parse(parseLine(line));
    if (!("__parentId" in row)) {
      tracked.set(row.id, row.tracked);
      unseen.add(row.id);
      continue;
    }
    const { __parentId: itemGid, location, updatedAt, ...inventoryLevel } = row;
    if (!all.includes(location.id)) continue;
    if (location.id === main) unseen.delete(itemGid);
    const node = { tracked: tracked.get(itemGid) ?? true, inventoryLevel };
    yield { ref: levelRef({ itemGid, locationGid: location.id }, main), ...availableOf(node, false), at: updatedAt };
  }
  for (const itemGid of unseen) {
    const node = { tracked: tracked.get(itemGid) ?? true, inventoryLevel: null };
    yield { ref: itemGid, ...availableOf(node, false), at: null };
  }
}

/** A partial file may end in the middle of a line. */
const parseLine = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new ChannelError({ kind: "retryable", message: "a bulk file's line is cut", cause });
  }
};
