import { z } from "zod";
import { toIso } from "../../core/clock.ts";
import { ChannelError } from "../../core/failure.ts";
import type { Delivery } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { EbayClient } from "./client.ts";
import { unreadable } from "./failures.ts";
import { isReturnable, type OrderProjection } from "./order-projection.ts";
import { returnTopic } from "./topics.ts";

/** Post-Order v2 `return/search`; of a return only what it takes to count its units. */
const Return = z.object({
  returnId: z.coerce.string().min(1),
  orderId: z.string().min(1),
  state: z.string().optional(),
  status: z.string().optional(),
  creationInfo: z.object({
    item: z.object({
      itemId: z.coerce.string(),
      variationId: z.coerce.string().optional(),
      returnQuantity: z.number().int().min(0),
    }),
  }),
  sellerTotalRefund: z.object({ actualRefundAmount: z.object({ value: z.coerce.number() }).optional() }).optional(),
});
type Return = z.infer<typeof Return>;
const Returns = z.object({ total: z.number().int().min(0), members: z.array(Return).default([]) });

const limit = 200;
const dayMs = 86_400_000;
/** eBay searches 90 days at a time; a return that is older than that and still open is the merchant's to record. */
const lookBackMs = 90 * dayMs;

const search = async (
  query: Readonly<Record<string, string>>,
  client: EbayClient,
  signal: AbortSignal,
): Promise<z.infer<typeof Returns>> => {
  const answer = await client(
    {
      method: "GET",
      path: "/post-order/v2/return/search",
      query: { ...query, role: "SELLER", limit: String(limit) },
      tokenAs: "iaf",
      quota: "returns",
      repeatable: true,
    },
    signal,
  );
  const parsed = Returns.safeParse(answer.body);
  if (!parsed.success) throw unreadable("list of returns", parsed.error);
  return parsed.data;
};

/** Closed, and the buyer was refunded: as near as eBay comes to saying that the goods are back. */
const isBack = ({ state, status, sellerTotalRefund }: Return): boolean =>
  (state === "CLOSED" || status === "CLOSED") && (sellerTotalRefund?.actualRefundAmount?.value ?? 0) > 0;

/**
 * Every return of the last 90 days that is closed and refunded, as a hint to read its order again. A return changes
 * nothing about its order's own times, so no poll of orders would show it. The search knows no "modified since" (§7); a
 * window with more than one page is halved.
 */
export const returnHints = async (
  nowMs: number,
  client: EbayClient,
  signal: AbortSignal,
): Promise<readonly Delivery[]> => hintsBetween(nowMs - lookBackMs, nowMs, client, signal);

const hintsBetween = async (
  fromMs: number,
  toMs: number,
  client: EbayClient,
  signal: AbortSignal,
): Promise<readonly Delivery[]> => {
  const query = { creation_date_range_from: toIso(fromMs), creation_date_range_to: toIso(toMs) };
  const { total, members } = await search(query, client, signal);
  if (total > members.length && toMs - fromMs > 60_000) {
    const middleMs = Math.floor((fromMs + toMs) / 2);
    const older = await hintsBetween(fromMs, middleMs, client, signal);
    return [...older, ...(await hintsBetween(middleMs, toMs, client, signal))];
  }
  return members.filter(isBack).map(({ returnId, orderId }) => ({
    id: `return:${returnId}:closed`,
    topic: returnTopic,
    payload: { orderRefs: [orderId] },
    sourceAt: null,
  }));
};

export type ReturnedUnits = NonNullable<OrderProjection["returned"]>;

const rememberMs = 15 * 60 * 1000;
const rememberedMax = 2_000;

/**
 * What came back of an order, asked for only when something of it was both shipped and refunded. Remembered for a while:
 * overlapping polls show the same order again and again, and the search has 5 000 calls a day.
 */
export const createReturnsOf = (client: EbayClient, { clock }: Pick<ConnectorDeps, "clock">) => {
  const remembered = new Map<string, { readonly returned: ReturnedUnits; readonly atMs: number }>();

  const ask = async (orderId: string, signal: AbortSignal): Promise<ReturnedUnits> => {
    const { members } = await search({ order_id: orderId }, client, signal);
    const returned = members
      .filter((one) => one.orderId === orderId && isBack(one))
      .map(({ creationInfo: { item } }) => ({
        legacyItemId: item.itemId,
        ...(item.variationId !== undefined && { legacyVariationId: item.variationId }),
        units: item.returnQuantity,
      }));
    remembered.delete(orderId);
    remembered.set(orderId, { returned, atMs: clock.monotonicMs() });
    const [oldest] = remembered.keys();
    if (remembered.size > rememberedMax && oldest !== undefined) remembered.delete(oldest);
    return returned;
  };

  /** `fresh`: asked anew whatever is remembered. Throws `ChannelError`. */
  return async (order: OrderProjection, signal: AbortSignal, fresh = false): Promise<OrderProjection> => {
    if (!isReturnable(order)) return order;
    const known = remembered.get(order.orderId);
    const isKnown = !fresh && known !== undefined && clock.monotonicMs() - known.atMs < rememberMs;
    const returned = isKnown ? known.returned : await ask(order.orderId, signal);
    return returned.length === 0 ? order : { ...order, returned };
  };
};

/** In place of an order whose returns cannot be told now: without them its view would take restocked units away again. */
export const lookAgain = (order: OrderProjection, error: unknown): Delivery => {
  if (!(error instanceof ChannelError)) throw error;
  return {
    id: `return-lookup:${order.orderId}:${order.lastModifiedDate ?? order.creationDate}`,
    topic: returnTopic,
    payload: { orderRefs: [order.orderId] },
    sourceAt: null,
  };
};
