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

const Cancelling = z.object({ orderId: z.string().min(1), cancelStatus: z.object({ cancelState: z.string() }) });

/** A row as the list shows it, or as only `getOrder` does. */
export type OrderRow = { readonly raw: unknown; readonly sentAtMs: number };

/**
 * The list never fills in an order's cancel requests, so an order with any is read again by itself (§7). One that cannot
 * be read so is left as listed: its `cancelState` alone decides about stock.
 */
export const withCancelRequests = async (row: OrderRow, client: EbayClient, signal: AbortSignal): Promise<OrderRow> => {
  const found = Cancelling.safeParse(row.raw).data;
  if (found === undefined || found.cancelStatus.cancelState === "NONE_REQUESTED") return row;
  try {
    const answer = await getOrder(found.orderId, client, signal);
    return answer === undefined ? row : { raw: answer.body, sentAtMs: answer.sentAtMs };
  } catch (error) {
    if (error instanceof ChannelError && error.kind === "permanent") return row;
    throw error;
  }
};
