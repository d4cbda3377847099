import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { EbayAnswer, EbayCall, EbayClient } from "./client.ts";
import { hasStatus, unreadable } from "./failures.ts";

const ordersPath = "/sell/fulfillment/v1/order";
const Orders = z.object({ total: z.number().int().min(0), orders: z.array(z.unknown()).default([]) });

const getOrders = (query: Readonly<Record<string, string>>): EbayCall => ({
  method: "GET",
  path: ordersPath,
  query,
  quota: "fulfillment",
  repeatable: true,
  timeoutMs: 20_000,
});

/** Rows as they came, and when they were asked for (epoch ms). */
export type OrderRows = { readonly total: number; readonly orders: readonly unknown[]; readonly sentAtMs: number };

/** `getOrders`: `offset` counts RECORDS, and a limit above 200 is refused (§7). Cancel requests are always empty here. */
export const listOrders = async (
  query: Readonly<Record<string, string>>,
  client: EbayClient,
  signal: AbortSignal,
): Promise<OrderRows> => {
  const answer = await client(getOrders(query), signal);
  const parsed = Orders.safeParse(answer.body);
  if (!parsed.success) throw unreadable("page of orders", parsed.error);
  return { ...parsed.data, sentAtMs: answer.sentAtMs };
};

/** `getOrder`; undefined for an order that eBay does not know: 404, or 32100, an invalid order id. */
export const getOrder = async (
  orderRef: string,
  client: EbayClient,
  signal: AbortSignal,
): Promise<EbayAnswer | undefined> => {
  try {
    return await client({ ...getOrders({}), path: `${ordersPath}/${encodeURIComponent(orderRef)}` }, signal);
  } catch (error) {
    if (hasStatus(error, 404) || (error instanceof ChannelError && error.channelCode === "32100")) return undefined;
    throw error;
  }
};

const Cancelling = z.looseObject({
  orderId: z.string().min(1),
  lastModifiedDate: z.string().optional(),
  cancelStatus: z.looseObject({
    cancelState: z.string(),
    /** State and time of each request, nothing of who asked or why. */
    cancelRequests: z
      .array(z.object({ cancelRequestState: z.string().optional(), cancelCompletedDate: z.string().optional() }))
      .nullish(),
  }),
});
type Requests = z.infer<typeof Cancelling>["cancelStatus"]["cancelRequests"];

/** A row as the list shows it, or with what only `getOrder` tells. */
export type OrderRow = { readonly raw: unknown; readonly sentAtMs: number };

const rememberedMax = 2_000;

/**
 * The list never fills in an order's cancel requests, so an order with any is read again by itself, once for each of its
 * changes (§7). They are words for people: `cancelState` alone decides about stock, so a read that fails leaves the row
 * as listed and holds up no other order.
 */
export const createCancelRequests = (client: EbayClient) => {
  const remembered = new Map<string, Requests>();

  const ask = async (orderId: string, signal: AbortSignal): Promise<Requests> => {
    try {
      const answer = await getOrder(orderId, client, signal);
      return Cancelling.safeParse(answer?.body).data?.cancelStatus.cancelRequests;
    } catch (error) {
      if (error instanceof ChannelError && !signal.aborted) return undefined;
      throw error;
    }
  };

  return async (row: OrderRow, signal: AbortSignal): Promise<OrderRow> => {
    const found = Cancelling.safeParse(row.raw).data;
    if (found === undefined || found.cancelStatus.cancelState === "NONE_REQUESTED") return row;
    const key = `${found.orderId} ${found.lastModifiedDate ?? ""}`;
    const cancelRequests = remembered.get(key) ?? (await ask(found.orderId, signal));
    if (!cancelRequests) return row;
    remembered.set(key, cancelRequests);
    const [oldest] = remembered.keys();
    if (remembered.size > rememberedMax && oldest !== undefined) remembered.delete(oldest);
    return { ...row, raw: { ...found, cancelStatus: { ...found.cancelStatus, cancelRequests } } };
  };
};
