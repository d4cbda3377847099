import { z } from "zod";
import { type Clock, toIso } from "../../core/clock.ts";
import { ChannelError } from "../../core/failure.ts";
import type { OrderPage, OrderSnapshot } from "../connector.ts";
import type { EbaySettings } from "../settings.ts";
import type { EbayAnswer, EbayCall, EbayClient } from "./client.ts";
import { hasStatus, unreadable } from "./failures.ts";
import { OrderProjection, orderDelivery } from "./order-projection.ts";
import { snapshotOf } from "./translate.ts";

const ordersPerPage = 200;
const firstLookBackMs = 24 * 60 * 60 * 1000;
const orderIdsMax = 50;

const Window = z.object({
  from: z.string(),
  to: z.string(),
  offset: z.number().int().min(0),
  total: z.number().int().nullable(),
});
type Window = z.infer<typeof Window>;
/** Between sweeps only the watermark; within one the window and the place in it. */
const Cursor = z.union([
  z.strictObject({ watermark: z.string() }),
  z.strictObject({ watermark: z.string().nullable(), window: Window }),
]);

const Orders = z.object({ total: z.number().int().min(0), orders: z.array(z.unknown()).default([]) });

type Poll = {
  readonly client: EbayClient;
  readonly clock: Clock;
  readonly settings: EbaySettings;
  readonly signal: AbortSignal;
};

/**
 * One page of `[watermark − overlap .. now − lag]` by `lastmodifieddate`; unlike the Inventory API, `offset` counts
 * RECORDS here (§7). The watermark moves only after the last page, to the window's upper bound.
 */
export const pullOrders = async (
  cursor: string | null,
  { client, clock, settings, signal }: Poll,
): Promise<OrderPage> => {
  const { watermark, window } = placeOf(cursor, clock.now(), settings);
  if (window.to <= window.from) return { items: [], done: true, watermark, next: cursor };
  const filter = `lastmodifieddate:[${window.from}..${window.to}]`;
  const answer = await client(
    getOrders({ filter, limit: String(ordersPerPage), offset: String(window.offset) }),
    signal,
  );
  const { total, orders } = parseOrders(answer);
  const items = orders.map((order) => orderDelivery(order, toIso(answer.sentAtMs)));
  const offset = nextOffset(window, { total, rows: orders.length });
  if (offset !== null) {
    return {
      items,
      done: false,
      watermark: null,
      next: JSON.stringify({ watermark, window: { ...window, offset, total } }),
    };
  }
  // Never back: a clock or a lag that moved must not make a seen stretch unseen.
  const seenTo = watermark !== null && watermark > window.to ? watermark : window.to;
  return { items, done: true, watermark: seenTo, next: JSON.stringify({ watermark: seenTo }) };
};

const placeOf = (
  cursor: string | null,
  nowMs: number,
  settings: EbaySettings,
): { watermark: string | null; window: Window } => {
  const parsed = cursor === null ? undefined : parseCursor(cursor);
  if (parsed !== undefined && "window" in parsed) return parsed;
  const watermark = parsed?.watermark ?? null;
  const fromMs = watermark === null ? nowMs - firstLookBackMs : Date.parse(watermark) - settings.orderOverlapMs;
  return { watermark, window: { from: toIso(fromMs), to: toIso(nowMs - settings.orderLagMs), offset: 0, total: null } };
};

const parseCursor = (cursor: string): z.infer<typeof Cursor> => {
  try {
    return Cursor.parse(JSON.parse(cursor));
  } catch (cause) {
    throw new ChannelError({ kind: "permanent", message: "the order cursor cannot be read", cause });
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
  client: EbayClient,
  signal: AbortSignal,
): Promise<readonly OrderSnapshot[]> => {
  const wanted = [...new Set(orderRefs)];
  const found: OrderSnapshot[] = [];
  for (let start = 0; start < wanted.length; start += orderIdsMax) {
    found.push(...(await fetchSome(wanted.slice(start, start + orderIdsMax), client, signal)));
  }
  return found;
};

const fetchSome = async (
  refs: readonly string[],
  client: EbayClient,
  signal: AbortSignal,
): Promise<readonly OrderSnapshot[]> => {
  try {
    const answer = await client(getOrders({ orderIds: refs.join(","), limit: String(orderIdsMax) }), signal);
    return parseOrders(answer).orders.map((order) => toSnapshot(order, answer));
  } catch (error) {
    if (!hasStatus(error, 400, 404)) throw error;
    const found: OrderSnapshot[] = [];
    for (const ref of refs) found.push(...(await fetchOne(ref, client, signal)));
    return found;
  }
};

/** `getOrder`; an order that eBay does not know (404, or 32100, an invalid order id) is left out. */
const fetchOne = async (ref: string, client: EbayClient, signal: AbortSignal): Promise<readonly OrderSnapshot[]> => {
  try {
    const answer = await client({ ...getOrders({}), path: `${ordersPath}/${encodeURIComponent(ref)}` }, signal);
    return [toSnapshot(answer.body, answer)];
  } catch (error) {
    if (hasStatus(error, 404) || (error instanceof ChannelError && error.channelCode === "32100")) return [];
    throw error;
  }
};

const toSnapshot = (raw: unknown, answer: EbayAnswer): OrderSnapshot => {
  const parsed = OrderProjection.safeParse(raw);
  if (parsed.success) return snapshotOf(parsed.data, toIso(answer.sentAtMs));
  const where = parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
  throw new ChannelError({ kind: "permanent", message: `an order cannot be read at: ${where}` });
};

const ordersPath = "/sell/fulfillment/v1/order";

const getOrders = (query: Readonly<Record<string, string>>): EbayCall => ({
  method: "GET",
  path: ordersPath,
  query,
  quota: "fulfillment",
  repeatable: true,
  timeoutMs: 20_000,
});

const parseOrders = (answer: EbayAnswer): z.infer<typeof Orders> => {
  const parsed = Orders.safeParse(answer.body);
  if (!parsed.success) throw unreadable("page of orders", parsed.error);
  return parsed.data;
};
