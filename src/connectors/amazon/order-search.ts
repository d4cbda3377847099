import { z } from "zod";
import { toIso } from "../../core/clock.ts";
import type { Delivery } from "../connector.ts";
import type { AmazonSettings } from "../settings.ts";
import { type AmazonClient, parseAnswer } from "./client.ts";
import { searchOrdersV0 } from "./orders-v0.ts";
import { deliveryOf } from "./polled-order.ts";
import { OrdersPage } from "./schemas.ts";

export const ordersPath = "/orders/2026-01-01/orders";

/** What stock needs and nothing that names a buyer (§5). */
export const orderData = ["FULFILLMENT", "CANCELLATION"];
const pageSize = 100;

/** The versions of the Orders API; v0 ends on 2027-03-27. */
export const OrdersApi = z.enum(["2026-01-01", "v0"]);
export type OrdersApi = z.infer<typeof OrdersApi>;

/** A row that has its number and not its state. */
const Stateless = z.object({ orderId: z.string(), fulfillment: z.undefined().optional() });

/** `token`: of the page before, sent back with the filters unchanged. */
type Window = { readonly seenUntil: string; readonly token?: string | undefined };

/** A page of either version, in the same words. */
export type FoundOrders = {
  readonly items: readonly Delivery[];
  readonly token: string | undefined;
  readonly lastUpdatedBefore: string | undefined;
  readonly sentAt: string;
  /** Amazon left out an order's state although it was asked for (§13.14). */
  readonly lacksStates: boolean;
};

const afterOf = (window: Window, { orderOverlapMs }: AmazonSettings): string =>
  toIso(Date.parse(window.seenUntil) - orderOverlapMs);

const search2026 = async (
  client: AmazonClient,
  settings: AmazonSettings,
  window: Window,
  signal: AbortSignal,
): Promise<FoundOrders> => {
  const answer = await client.call(
    {
      operation: "searchOrders",
      method: "GET",
      path: ordersPath,
      // The filters go along with the token unchanged. No upper bound: Amazon's own clock sets it and tells it (§8).
      query: {
        lastUpdatedAfter: afterOf(window, settings),
        marketplaceIds: settings.marketplaceIds,
        fulfilledBy: ["MERCHANT"],
        includedData: orderData,
        maxResultsPerPage: String(pageSize),
        paginationToken: window.token,
      },
    },
    signal,
  );
  const page = parseAnswer(OrdersPage, answer.data, "searchOrders");
  return {
    items: page.orders.map((order) => deliveryOf(order, answer.sentAt)),
    token: page.pagination?.nextToken,
    lastUpdatedBefore: page.lastUpdatedBefore,
    sentAt: answer.sentAt,
    lacksStates: page.orders.some((row) => Stateless.safeParse(row).success),
  };
};

const searchV0 = async (
  client: AmazonClient,
  settings: AmazonSettings,
  window: Window,
  signal: AbortSignal,
): Promise<FoundOrders> => {
  const lastUpdatedAfter = afterOf(window, settings);
  const { marketplaceIds } = settings;
  const found = await searchOrdersV0(client, { lastUpdatedAfter, marketplaceIds, token: window.token }, signal);
  return { ...found, lacksStates: false };
};

/** Orders changed since the window's start, less the overlap, one page. Errors: `ChannelError`. */
export const searchOrders = { "2026-01-01": search2026, v0: searchV0 } as const satisfies Record<OrdersApi, unknown>;
