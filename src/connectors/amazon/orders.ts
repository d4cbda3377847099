import { z } from "zod";
import { toIso } from "../../core/clock.ts";
import { ChannelError } from "../../core/failure.ts";
import type { CallContext, OrderPage, OrderSnapshot } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { AmazonSettings } from "../settings.ts";
import { type AmazonClient, parseAnswer } from "./client.ts";
import { readCursor } from "./cursor.ts";
import { isNotFound } from "./failures.ts";
import { isStated, snapshotOf } from "./order-lines.ts";
import { deliveryOf } from "./polled-order.ts";
import { OrderAnswer, OrdersPage } from "./schemas.ts";

export const ordersPath = "/orders/2026-01-01/orders";

/** What stock needs and nothing that names a buyer (§5). */
const includedData = ["FULFILLMENT", "CANCELLATION"];
const pageSize = 100;
const firstLookBackMs = 24 * 60 * 60 * 1000;
/** Amazon lists an order up to two minutes late and refuses a newer upper bound (§8). */
const listedAfterMs = 2 * 60 * 1000;
/** A page token dies after a day and is sometimes refused (§13.15): then the window is read again, but not for ever. */
const restartsMax = 2;

const Cursor = z.object({
  /** Everything up to here has been seen. */
  seenUntil: z.string(),
  /** While paging: the bound of the first page, and where the next one starts. */
  upTo: z.string().optional(),
  token: z.string().optional(),
  restarts: z.number().default(0),
});
type Cursor = z.infer<typeof Cursor>;

const earlier = (a: string, b: string): string => (a < b ? a : b);
const shifted = (iso: string, byMs: number): string => toIso(Date.parse(iso) + byMs);

const searchOrders = (client: AmazonClient, settings: AmazonSettings, cursor: Cursor, signal: AbortSignal) =>
  client.call(
    {
      operation: "searchOrders",
      method: "GET",
      path: ordersPath,
      // The filters go along with the token unchanged. No upper bound: Amazon's own clock sets it and tells it (§8).
      query: {
        lastUpdatedAfter: shifted(cursor.seenUntil, -settings.orderOverlapMs),
        marketplaceIds: settings.marketplaceIds,
        fulfilledBy: ["MERCHANT"],
        includedData,
        maxResultsPerPage: String(pageSize),
        paginationToken: cursor.token,
      },
    },
    signal,
  );

/**
 * One page of orders changed since the cursor, reaching back by the overlap. The watermark moves after the last page
 * only: to Amazon's stated bound of the first page, and never nearer to our send time than orders may be late.
 * Errors: `ChannelError`; `throttled` when the rare quota (one call in three minutes) is used up.
 */
export const pullOrders = async (
  client: AmazonClient,
  settings: AmazonSettings,
  deps: Pick<ConnectorDeps, "clock" | "log">,
  cursorText: string | null,
  context: CallContext,
): Promise<OrderPage> => {
  const cursor = readCursor(Cursor, cursorText) ?? {
    seenUntil: toIso(deps.clock.now() - firstLookBackMs),
    restarts: 0,
  };
  const answer = await searchOrders(client, settings, cursor, context.signal).catch((error: unknown) => {
    const isTokenRefused = error instanceof ChannelError && error.kind === "permanent" && cursor.token !== undefined;
    if (!isTokenRefused || cursor.restarts >= restartsMax) throw error;
    return undefined;
  });
  if (answer === undefined) {
    deps.log.warn({ accountId: context.accountId, restarts: cursor.restarts + 1 }, "order page token refused");
    const next = { seenUntil: cursor.seenUntil, restarts: cursor.restarts + 1 };
    return { items: [], next: JSON.stringify(next), done: false, watermark: null };
  }
  const page = parseAnswer(OrdersPage, answer.data, "searchOrders");
  const items = page.orders.map((order) => deliveryOf(order, answer.sentAt));
  const lateMs = Math.max(settings.orderLagMs, page.lastUpdatedBefore === undefined ? listedAfterMs : 0);
  const bound = earlier(page.lastUpdatedBefore ?? answer.sentAt, shifted(answer.sentAt, -lateMs));
  const upTo = cursor.upTo ?? bound;
  const token = page.pagination?.nextToken;
  if (token !== undefined && token !== "") {
    const next = { seenUntil: cursor.seenUntil, upTo, token, restarts: cursor.restarts };
    return { items, next: JSON.stringify(next), done: false, watermark: null };
  }
  // Our clock behind Amazon's, or a lag longer than the pause between polls: what was seen stays seen.
  const watermark = upTo > cursor.seenUntil ? upTo : cursor.seenUntil;
  return { items, next: JSON.stringify({ seenUntil: watermark }), done: true, watermark };
};

/**
 * Orders as they are now, one call each; an unknown one is left out.
 * Errors: `ChannelError`; retryable when Amazon leaves the state out, which must not be read as pending (§13.14).
 */
export const fetchOrders = async (
  client: AmazonClient,
  orderRefs: readonly string[],
  context: CallContext,
): Promise<readonly OrderSnapshot[]> => {
  const snapshots: OrderSnapshot[] = [];
  for (const orderRef of orderRefs) {
    const path = `${ordersPath}/${encodeURIComponent(orderRef)}`;
    try {
      const answer = await client.call(
        { operation: "getOrder", method: "GET", path, query: { includedData } },
        context.signal,
      );
      const { order } = parseAnswer(OrderAnswer, answer.data, "getOrder");
      if (!isStated(order))
        throw new ChannelError({ kind: "retryable", message: `order ${orderRef} came without its state` });
      snapshots.push(snapshotOf(order, answer.sentAt));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return snapshots;
};
