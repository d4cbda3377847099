import { z } from "zod";
import { toIso } from "../../core/clock.ts";
import { ChannelError } from "../../core/failure.ts";
import type { CallContext, Delivery, OrderPage, OrderSnapshot } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { AmazonSettings } from "../settings.ts";
import { type AmazonClient, parseAnswer } from "./client.ts";
import { readCursor } from "./cursor.ts";
import { isNotFound } from "./failures.ts";
import { isStated, snapshotOf } from "./order-lines.ts";
import { type FoundOrders, OrdersApi, orderData, ordersPath, searchOrders } from "./order-search.ts";
import { fetchOrderV0 } from "./orders-v0.ts";
import { OrderAnswer } from "./schemas.ts";

const firstLookBackMs = 24 * 60 * 60 * 1000;
/** Amazon lists an order up to two minutes late and refuses a newer upper bound (§8). */
const listedAfterMs = 2 * 60 * 1000;
/** A page token dies after a day and is sometimes refused (§13.15): then the window is read again, but not for ever. */
const restartsMax = 2;

/** How long the other version of the API stands in before the preferred one is tried again. */
const fallbackMs = 24 * 60 * 60 * 1000;

const Cursor = z.object({
  /** Everything up to here has been seen. */
  seenUntil: z.string(),
  /** While paging: the bound of the first page, and where the next one starts. */
  upTo: z.string().optional(),
  token: z.string().optional(),
  restarts: z.number().default(0),
  /** Set while the other version than the preferred one is used, and until when. */
  api: OrdersApi.optional(),
  apiUntil: z.string().optional(),
});
type Cursor = z.infer<typeof Cursor>;

const earlier = (a: string, b: string): string => (a < b ? a : b);
const shifted = (iso: string, byMs: number): string => toIso(Date.parse(iso) + byMs);

const preferredOf = (settings: AmazonSettings): OrdersApi => settings.ordersApi ?? "2026-01-01";
const otherOf = (api: OrdersApi): OrdersApi => (api === "v0" ? "2026-01-01" : "v0");

const isQueryRefused = (error: unknown): error is ChannelError =>
  error instanceof ChannelError && error.kind === "permanent";

/** The cursor's own API while it pages or its fallback lasts, else the preferred one. */
const apiOf = (cursor: Cursor, settings: AmazonSettings, nowMs: number): OrdersApi => {
  if (cursor.api === undefined) return preferredOf(settings);
  const isOver = cursor.token === undefined && cursor.apiUntil !== undefined && nowMs >= Date.parse(cursor.apiUntil);
  return isOver ? preferredOf(settings) : cursor.api;
};

/** Nothing read yet: the same window again, by the other version or without the refused token. */
const again = (next: Cursor): OrderPage => ({ items: [], next: JSON.stringify(next), done: false, watermark: null });

const afterRefusal = (cursor: Cursor, api: OrdersApi, settings: AmazonSettings, nowMs: number): Cursor | undefined => {
  const { seenUntil, restarts } = cursor;
  const kept = { ...(cursor.api === undefined ? {} : { api: cursor.api }), ...until(cursor.apiUntil) };
  if (cursor.token !== undefined) {
    return restarts < restartsMax ? { seenUntil, restarts: restarts + 1, ...kept } : undefined;
  }
  // Refused by both: the query itself is at fault.
  if (api !== preferredOf(settings)) return undefined;
  return { seenUntil, restarts, api: otherOf(api), apiUntil: toIso(nowMs + fallbackMs) };
};

const until = (apiUntil: string | undefined) => (apiUntil === undefined ? {} : { apiUntil });

/** The same row twice on a page counts once; over pages the inbox absorbs it by its id (§13.11). */
const distinct = (items: readonly Delivery[]): readonly Delivery[] => [
  ...new Map(items.map((item) => [item.id, item])).values(),
];

/**
 * One page of orders changed since the cursor, reaching back by the overlap. The watermark moves after the last page
 * only: to Amazon's stated bound of the first page, and never nearer to our send time than orders may be late.
 * Where the preferred version of the API refuses the query or leaves states out, the other one is used for a day.
 * Errors: `ChannelError`; `throttled` when the rare quota (one call in three minutes) is used up.
 */
export const pullOrders = async (
  client: AmazonClient,
  settings: AmazonSettings,
  deps: Pick<ConnectorDeps, "clock" | "log">,
  cursorText: string | null,
  context: CallContext,
): Promise<OrderPage> => {
  const nowMs = deps.clock.now();
  const { accountId, signal } = context;
  const cursor = readCursor(Cursor, cursorText) ?? { seenUntil: toIso(nowMs - firstLookBackMs), restarts: 0 };
  const api = apiOf(cursor, settings, nowMs);
  let found: FoundOrders;
  try {
    found = await searchOrders[api](client, settings, cursor, signal);
  } catch (error) {
    const next = isQueryRefused(error) ? afterRefusal(cursor, api, settings, nowMs) : undefined;
    if (next === undefined) throw error;
    deps.log.warn(
      { accountId, api, restarts: next.restarts, err: String(error) },
      "order query refused: asking otherwise",
    );
    return again(next);
  }
  if (found.lacksStates && api === preferredOf(settings)) {
    deps.log.warn({ accountId, api }, "orders came without their states: asking the other version");
    const { seenUntil, restarts } = cursor;
    return again({ seenUntil, restarts, api: otherOf(api), apiUntil: toIso(nowMs + fallbackMs) });
  }
  const kept = api === preferredOf(settings) ? {} : { api, ...until(cursor.apiUntil) };
  const items = distinct(found.items);
  const lateMs = Math.max(settings.orderLagMs, found.lastUpdatedBefore === undefined ? listedAfterMs : 0);
  const bound = earlier(found.lastUpdatedBefore ?? found.sentAt, shifted(found.sentAt, -lateMs));
  const upTo = cursor.upTo ?? bound;
  const { token } = found;
  if (token !== undefined && token !== "") {
    const next: Cursor = { seenUntil: cursor.seenUntil, upTo, token, restarts: cursor.restarts, ...kept };
    return { items, next: JSON.stringify(next), done: false, watermark: null };
  }
  // Our clock behind Amazon's, or a lag longer than the pause between polls: what was seen stays seen.
  const watermark = upTo > cursor.seenUntil ? upTo : cursor.seenUntil;
  return { items, next: JSON.stringify({ seenUntil: watermark, ...kept }), done: true, watermark };
};

const fetch2026 = async (client: AmazonClient, orderRef: string, signal: AbortSignal): Promise<OrderSnapshot> => {
  const path = `${ordersPath}/${encodeURIComponent(orderRef)}`;
  const answer = await client.call(
    { operation: "getOrder", method: "GET", path, query: { includedData: orderData } },
    signal,
  );
  const { order } = parseAnswer(OrderAnswer, answer.data, "getOrder");
  if (isStated(order)) return snapshotOf(order, answer.sentAt);
  // Without its state it must not count as pending (§13.14).
  return fetchV0(client, orderRef, signal);
};

const fetchV0 = async (client: AmazonClient, orderRef: string, signal: AbortSignal): Promise<OrderSnapshot> => {
  const { order, observedAt } = await fetchOrderV0(client, orderRef, signal);
  return snapshotOf(order, observedAt);
};

/** Orders as they are now, one by one; an unknown one is left out. Errors: `ChannelError`. */
export const fetchOrders = async (
  client: AmazonClient,
  settings: AmazonSettings,
  orderRefs: readonly string[],
  context: CallContext,
): Promise<readonly OrderSnapshot[]> => {
  const snapshots: OrderSnapshot[] = [];
  const fetchOne = preferredOf(settings) === "v0" ? fetchV0 : fetch2026;
  for (const orderRef of orderRefs) {
    try {
      snapshots.push(await fetchOne(client, orderRef, context.signal));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return snapshots;
};
