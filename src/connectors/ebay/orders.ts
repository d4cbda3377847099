import { toIso } from "../../core/clock.ts";
import { ChannelError } from "../../core/failure.ts";
import type { Delivery, OrderPage, OrderSnapshot } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { EbaySettings } from "../settings.ts";
import type { EbayClient } from "./client.ts";
import { hasStatus } from "./failures.ts";
import { mapWithFewOpen } from "./offers.ts";
import { OrderProjection, orderDelivery, unreadableDelivery } from "./order-projection.ts";
import { cursorText, endingEarlier, type OrderPlace, placeOf } from "./order-window.ts";
import { type createCancelRequests, getOrder, listOrders, type OrderRow, type OrderRows } from "./orders-api.ts";
import { type createReturnsOf, lookAgain, returnHints } from "./returns.ts";
import { snapshotOf } from "./translate.ts";

const ordersPerPage = 200;
const orderIdsMax = 50;
const returnsEveryMs = 30 * 60 * 1000;

export type OrderReading = {
  readonly client: EbayClient;
  readonly clock: ConnectorDeps["clock"];
  readonly log: ConnectorDeps["log"];
  readonly settings: EbaySettings;
  readonly cancelRequests: ReturnType<typeof createCancelRequests>;
  /** Absent: returns are the merchant's to record. */
  readonly returnsOf: ReturnType<typeof createReturnsOf> | undefined;
  readonly signal: AbortSignal;
};

/**
 * One page of `[watermark − overlap .. now]` by `lastmodifieddate`; once a day the window reaches two days back. The
 * watermark moves only after the last page, to the window's upper bound less the time that eBay may take to list a sale:
 * an order that was sold before it has been listed, and whatever has modified it since lies in the window. Were the window
 * itself cut off there, an order sold before its end and modified after it would be in neither. Where returns count, the first page of a
 * poll brings those that have closed, every half hour.
 */
export const pullOrders = async (cursor: string | null, reading: OrderReading): Promise<OrderPage> => {
  const { clock, settings, client, signal } = reading;
  const place = placeOf(cursor, clock.now(), settings);
  const { watermark, window, ...rounds } = place;
  if (window.to <= window.from) return { items: [], done: true, watermark, next: cursor };
  const rows = await pageAt(place, client, signal);
  if (rows === "too-early") {
    const earlier = endingEarlier(place, clock.now(), settings.orderLagMs);
    return pullOrders(cursorText(earlier ?? tooFarAhead()), reading);
  }
  const returned = await closedReturns(place, reading);
  const orders = await mapWithFewOpen(rows.orders, (raw) => deliveryOf({ raw, sentAtMs: rows.sentAtMs }, reading));
  const items = [...orders, ...returned.items];
  const next = { ...rounds, ...(returned.returnsAt !== undefined && { returnsAt: returned.returnsAt }) };
  const offset = nextOffset(window, { total: rows.total, rows: rows.orders.length });
  if (offset !== null) {
    const onward = { watermark, window: { ...window, offset, total: rows.total }, ...next };
    return { items, done: false, watermark: null, next: cursorText(onward) };
  }
  const listedTo = toIso(Date.parse(window.to) - settings.orderLagMs);
  // Never back: a clock or a lag that moved must not make a seen stretch unseen.
  const seenTo = watermark !== null && watermark > listedTo ? watermark : listedTo;
  return { items, done: true, watermark: seenTo, next: cursorText({ watermark: seenTo, ...next }) };
};

const pageAt = async (
  { window }: OrderPlace,
  client: EbayClient,
  signal: AbortSignal,
): Promise<OrderRows | "too-early"> => {
  const filter = `lastmodifieddate:[${window.from}..${window.to}]`;
  try {
    return await listOrders({ filter, limit: String(ordersPerPage), offset: String(window.offset) }, client, signal);
  } catch (error) {
    if (error instanceof ChannelError && error.channelCode === "30850") return "too-early";
    throw error;
  }
};

const tooFarAhead = (): never => {
  const message = "our clock is far ahead of eBay's, which refuses to look into the future (30850); synchronise it";
  throw new ChannelError({ kind: "permanent", message, channelCode: "30850" });
};

const closedReturns = async (
  { window, returnsAt }: OrderPlace,
  { returnsOf, clock, client, log, signal, settings }: OrderReading,
): Promise<{ readonly items: readonly Delivery[]; readonly returnsAt?: string }> => {
  const nowMs = clock.now();
  const isDue = returnsAt === undefined || nowMs - Date.parse(returnsAt) >= returnsEveryMs;
  if (returnsOf === undefined || window.offset > 0 || !isDue) return { items: [] };
  try {
    return { items: await returnHints(nowMs, client, signal), returnsAt: toIso(nowMs) };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    // Orders must not wait for it: the next look comes in half an hour.
    log.warn({ accountId: settings.id, err: error.message }, "eBay does not tell its returns");
    return { items: [], returnsAt: toIso(nowMs) };
  }
};

const deliveryOf = async (row: OrderRow, { cancelRequests, returnsOf, signal }: OrderReading): Promise<Delivery> => {
  const { raw, sentAtMs } = await cancelRequests(row, signal);
  const parsed = OrderProjection.safeParse(raw);
  if (!parsed.success) return unreadableDelivery(raw, parsed.error);
  try {
    const order = returnsOf === undefined ? parsed.data : await returnsOf(parsed.data, signal);
    return orderDelivery(order, toIso(sentAtMs));
  } catch (error) {
    return lookAgain(parsed.data, error);
  }
};

/**
 * Where the next page starts; null after the last. There is no keyset: an order modified while we page leaves the
 * window and moves every later row up. The window's end lies in the past, so its total only shrinks by such orders;
 * when it shrank by k, up to k rows slipped past the pages already read, and we step back by k to catch them.
 */
export const nextOffset = (
  window: { readonly offset: number; readonly total: number | null },
  page: { readonly total: number; readonly rows: number },
): number | null => {
  const gone = window.total === null ? 0 : Math.max(0, window.total - page.total);
  if (gone > 0 && window.offset > 0) return Math.max(0, window.offset - gone);
  const offset = window.offset + ordersPerPage;
  return page.rows === 0 || offset >= page.total ? null : offset;
};

/** Orders as they are now. eBay leaves unknown ids out, or refuses the whole list for one: then one at a time. */
export const fetchOrders = async (
  orderRefs: readonly string[],
  reading: OrderReading,
): Promise<readonly OrderSnapshot[]> => {
  const wanted = [...new Set(orderRefs)];
  const found: OrderSnapshot[] = [];
  for (let start = 0; start < wanted.length; start += orderIdsMax) {
    const rows = await rowsOf(wanted.slice(start, start + orderIdsMax), reading);
    found.push(...(await mapWithFewOpen(rows, (row) => toSnapshot(row, reading))));
  }
  return found;
};

const rowsOf = async (
  refs: readonly string[],
  { client, cancelRequests, signal }: OrderReading,
): Promise<readonly OrderRow[]> => {
  try {
    const { orders, sentAtMs } = await listOrders(
      { orderIds: refs.join(","), limit: String(orderIdsMax) },
      client,
      signal,
    );
    return await mapWithFewOpen(orders, (raw) => cancelRequests({ raw, sentAtMs }, signal));
  } catch (error) {
    if (!hasStatus(error, 400, 404)) throw error;
    const rows: OrderRow[] = [];
    for (const ref of refs) {
      const answer = await getOrder(ref, client, signal);
      if (answer !== undefined) rows.push({ raw: answer.body, sentAtMs: answer.sentAtMs });
    }
    return rows;
  }
};

const toSnapshot = async ({ raw, sentAtMs }: OrderRow, { returnsOf, signal }: OrderReading): Promise<OrderSnapshot> => {
  const parsed = OrderProjection.safeParse(raw);
  if (!parsed.success) {
    const where = parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
    throw new ChannelError({ kind: "permanent", message: `an order cannot be read at: ${where}` });
  }
  const order = returnsOf === undefined ? parsed.data : await returnsOf(parsed.data, signal, true);
  return snapshotOf(order, toIso(sentAtMs));
};
