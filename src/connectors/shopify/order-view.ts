import { ChannelError } from "../../core/failure.ts";
import type { Client } from "./client.ts";
import * as documents from "./documents.ts";
import {
  type LineNode,
  OrderLinesAnswer,
  type OrderNode,
  OrderRefundIdsAnswer,
  OrderWholeAnswer,
  type PageInfo,
  type RefundLineNode,
  RefundLinesAnswer,
} from "./schemas.ts";

export type OrderView = { readonly order: OrderNode; readonly sentAtMs: number };

/** An order that changes this often while it is read is read again by the next run. */
const readsMax = 3;

/**
 * All lines and all refund lines of an order as of one moment. Most orders come whole with the page; a big one is read
 * by itself, and when it spans several answers its `updatedAt` must be the same in all, since lines of one moment with
 * refunds of another would count units twice. undefined: the order is gone.
 */
export const completeOrder = async (
  client: Client,
  view: OrderView,
  signal: AbortSignal,
): Promise<OrderView | undefined> => {
  if (isWhole(view.order, documents.refundsInPage)) return view;
  for (let reads = 0; reads < readsMax; reads += 1) {
    const call = { document: documents.orderWhole, variables: { id: view.order.id }, schema: OrderWholeAnswer };
    const { data, sentAtMs } = await client.call(call, signal);
    if (data.order === null) return undefined;
    const order = await withRest(client, data.order, signal);
    if (order !== undefined) return { order, sentAtMs };
  }
  throw new ChannelError({ kind: "retryable", message: "an order kept changing while it was read" });
};

const isWhole = (order: OrderNode, refundsAsked: number): boolean =>
  !order.lineItems.pageInfo.hasNextPage &&
  order.refunds.length < refundsAsked &&
  order.refunds.every(({ refundLineItems }) => !refundLineItems.pageInfo.hasNextPage);

/** undefined when the order changed in between. */
const withRest = async (client: Client, order: OrderNode, signal: AbortSignal): Promise<OrderNode | undefined> => {
  if (isWhole(order, documents.refundsInWhole)) return order;
  const lines = await restOfLines(client, order, signal);
  const refunds = await allRefunds(client, order, signal);
  return lines === undefined || refunds === undefined ? undefined : { ...order, lineItems: lines, refunds };
};

const lastPage = { hasNextPage: false, endCursor: null };

const restOfLines = async (
  client: Client,
  order: OrderNode,
  signal: AbortSignal,
): Promise<OrderNode["lineItems"] | undefined> => {
  const nodes: LineNode[] = [...order.lineItems.nodes];
  let { pageInfo } = order.lineItems;
  while (pageInfo.hasNextPage) {
    const variables = { id: order.id, after: pageInfo.endCursor };
    const { data } = await client.call({ document: documents.orderLines, variables, schema: OrderLinesAnswer }, signal);
    if (data.order?.updatedAt !== order.updatedAt) return undefined;
    nodes.push(...data.order.lineItems.nodes);
    pageInfo = data.order.lineItems.pageInfo;
  }
  return { nodes, pageInfo: lastPage };
};

type Refund = OrderNode["refunds"][number];

const allRefunds = async (client: Client, order: OrderNode, signal: AbortSignal): Promise<Refund[] | undefined> => {
  const known = new Map(order.refunds.map((refund) => [refund.id, refund]));
  let ids = [...known.keys()];
  if (ids.length >= documents.refundsInWhole) {
    const call = { document: documents.orderRefundIds, variables: { id: order.id }, schema: OrderRefundIdsAnswer };
    const { data } = await client.call(call, signal);
    if (data.order?.updatedAt !== order.updatedAt) return undefined;
    ids = data.order.refunds.map(({ id }) => id);
    if (ids.length >= documents.refundsMax) {
      throw new ChannelError({
        kind: "permanent",
        message: `an order with ${documents.refundsMax} refunds or more cannot be read`,
      });
    }
  }
  const refunds: Refund[] = [];
  for (const id of ids) refunds.push(await wholeRefund(client, { id, known: known.get(id) }, signal));
  return refunds;
};

/** A refund's lines never change once it exists, so they may be read at another moment than the order. */
const wholeRefund = async (
  client: Client,
  { id, known }: { readonly id: string; readonly known: Refund | undefined },
  signal: AbortSignal,
): Promise<Refund> => {
  const nodes: RefundLineNode[] = [...(known?.refundLineItems.nodes ?? [])];
  let pageInfo: PageInfo = known?.refundLineItems.pageInfo ?? { hasNextPage: true, endCursor: null };
  while (pageInfo.hasNextPage) {
    const call = {
      document: documents.refundLines,
      variables: { id, after: pageInfo.endCursor },
      schema: RefundLinesAnswer,
    };
    const { data } = await client.call(call, signal);
    if (data.refund === null)
      throw new ChannelError({ kind: "retryable", message: "a refund vanished while it was read" });
    nodes.push(...data.refund.refundLineItems.nodes);
    pageInfo = data.refund.refundLineItems.pageInfo;
  }
  return { id, refundLineItems: { nodes, pageInfo: lastPage } };
};
