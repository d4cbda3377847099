import { z } from "zod";
import { toIso } from "../../core/clock.ts";
import { fingerprint } from "../../core/digest.ts";
import { ChannelError } from "../../core/failure.ts";
import type { CallContext, Delivery, OrderPage, OrderSnapshot } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { ShopifySettings } from "../settings.ts";
import type { Client } from "./client.ts";
import * as documents from "./documents.ts";
import { gid, isNumericId } from "./gids.ts";
import { completeOrder } from "./order-view.ts";
import { type IsOurs, isOursBy, type OrderProjection, projectOrder } from "./projection.ts";
import { type OrderNode, OrderPageAnswer, OrdersByIdAnswer } from "./schemas.ts";
import { snapshotOf } from "./translate.ts";

const firstLookBackMs = 24 * 60 * 60 * 1000;
/** A connection ends after 25 000 objects: before that the window is cut and starts again at the last update time. */
const pagesInWindow = Math.floor(20_000 / documents.orderPageSize);

const Cursor = z.strictObject({
  /** Everything changed up to here has been seen. */
  watermark: z.iso.datetime(),
  /** The window being paged through; null between polls. */
  window: z
    .strictObject({
      from: z.iso.datetime(),
      until: z.iso.datetime(),
      after: z.string().nullable(),
      pages: z.number().int(),
    })
    .nullable(),
});
type Cursor = z.infer<typeof Cursor>;
type Window = NonNullable<Cursor["window"]>;

/**
 * Orders by update time within [watermark − overlap, now − lag]. An order that changes while we page leaves the window
 * at its upper end and is found by the next poll.
 */
export const createPullOrders =
  (client: Client, settings: ShopifySettings, deps: Pick<ConnectorDeps, "clock">) =>
  async (cursor: string | null, context: CallContext): Promise<OrderPage> => {
    const now = deps.clock.now();
    const at: Cursor =
      cursor === null ? { watermark: toIso(now - firstLookBackMs), window: null } : parseCursor(cursor);
    const window = at.window ?? openWindow(at.watermark, now, settings);
    if (window === undefined) return { items: [], next: JSON.stringify(at), done: true, watermark: at.watermark };
    const query = `updated_at:>='${window.from}' AND updated_at:<='${window.until}'`;
    const variables = { first: documents.orderPageSize, after: window.after, query };
    const call = { document: documents.orderPage, variables, schema: OrderPageAnswer };
    const { data, sentAtMs } = await client.call(call, context.signal);
    const { nodes, pageInfo } = data.orders;
    const orders = await projectAll(client, { nodes, sentAtMs, isOurs: isOursBy(settings) }, context.signal);
    const items = orders.map(deliveryOf);
    if (!pageInfo.hasNextPage) {
      const next: Cursor = { watermark: window.until, window: null };
      return { items, next: JSON.stringify(next), done: true, watermark: window.until };
    }
    const next: Cursor = { watermark: at.watermark, window: following(window, nodes.at(-1), pageInfo.endCursor) };
    return { items, next: JSON.stringify(next), done: false, watermark: null };
  };

/** Orders as they are now. A ref that is no order id, or of an order that is gone, is left out. */
export const createFetchOrders =
  (client: Client, settings: ShopifySettings) =>
  async (orderRefs: readonly string[], context: CallContext): Promise<readonly OrderSnapshot[]> => {
    const ids = [...new Set(orderRefs)].filter(isNumericId).map((ref) => gid("Order", ref));
    const snapshots: OrderSnapshot[] = [];
    for (let start = 0; start < ids.length; start += documents.orderBatchMax) {
      const chunk = ids.slice(start, start + documents.orderBatchMax);
      const call = {
        document: documents.ordersById,
        variables: { ids: chunk },
        schema: OrdersByIdAnswer,
        rows: chunk.length,
      };
      const { data, sentAtMs } = await client.call(call, context.signal);
      const nodes = data.nodes.filter((node) => node !== null);
      const orders = await projectAll(client, { nodes, sentAtMs, isOurs: isOursBy(settings) }, context.signal);
      snapshots.push(...orders.map(snapshotOf));
    }
    return snapshots;
  };

const parseCursor = (text: string): Cursor => {
  try {
    return Cursor.parse(JSON.parse(text));
  } catch (cause) {
    throw new ChannelError({ kind: "permanent", message: "an order cursor that is not ours", cause });
  }
};

/** Whole seconds: Shopify's update times have no finer grain. undefined: nothing new to ask for yet. */
const openWindow = (watermark: string, now: number, settings: ShopifySettings): Window | undefined => {
  const untilMs = Math.floor((now - settings.orderLagMs) / 1000) * 1000;
  if (untilMs <= Date.parse(watermark)) return undefined;
  const fromMs = Math.floor((Date.parse(watermark) - settings.orderOverlapMs) / 1000) * 1000;
  return { from: toIso(fromMs), until: toIso(untilMs), after: null, pages: 0 };
};

const following = (window: Window, last: OrderNode | undefined, endCursor: string | null): Window => {
  if (window.pages + 1 < pagesInWindow || last === undefined)
    return { ...window, after: endCursor, pages: window.pages + 1 };
  if (last.updatedAt <= window.from) {
    throw new ChannelError({ kind: "permanent", message: "too many orders changed within one second to page through" });
  }
  return { ...window, from: last.updatedAt, after: null, pages: 0 };
};

const projectAll = async (
  client: Client,
  {
    nodes,
    sentAtMs,
    isOurs,
  }: { readonly nodes: readonly OrderNode[]; readonly sentAtMs: number; readonly isOurs: IsOurs },
  signal: AbortSignal,
): Promise<readonly OrderProjection[]> => {
  const projections: OrderProjection[] = [];
  for (const order of nodes) {
    const whole = await completeOrder(client, { order, sentAtMs }, signal);
    if (whole !== undefined) projections.push(projectOrder(whole.order, toIso(whole.sentAtMs), isOurs));
  }
  return projections;
};

/** Same content, same id, whenever it was read: so overlapping polls are absorbed by the inbox. */
const deliveryOf = (order: OrderProjection): Delivery => {
  const digest = fingerprint({ ...order, observedAt: undefined }).slice(0, 16);
  return {
    id: `order:${order.orderRef}:${order.updatedAt}:${digest}`,
    topic: "poll:order",
    payload: order,
    sourceAt: order.updatedAt,
  };
};
