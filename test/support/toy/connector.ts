import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type {
  CallContext,
  ChannelEvent,
  CheckFinding,
  Connector,
  Delivery,
  OrderPage,
  OrderSnapshot,
  PushOutcome,
  RawRequest,
  Verification,
} from "../../../src/connectors/connector.ts";
import { type Clock, toIso } from "../../../src/core/clock.ts";
import { ChannelError } from "../../../src/core/failure.ts";
import type { MarketAnswer, MarketCall } from "./market.ts";

/** How the connector reaches its market. Rejects where the connection breaks. */
export type Wire = (call: MarketCall, token: string, given: unknown) => Promise<MarketAnswer>;
type Settings = {
  readonly address: string;
  readonly secret: string;
  readonly orderLagMs: number;
  readonly orderOverlapMs: number;
};

const batchMax = 10;
const Token = z.object({ token: z.string() });
const Listings = z.object({
  listings: z.array(z.object({ sku: z.string(), title: z.string(), units: z.number() })),
  next: z.string().nullable(),
});
const Quantities = z.object({ rows: z.array(z.object({ sku: z.string(), units: z.number().nullable() })) });
const Taken = z.object({ rows: z.array(z.object({ sku: z.string(), taken: z.boolean() })) });
/** The allow-list: the buyer is not on it. */
const Order = z.object({
  id: z.string(),
  placed: z.string(),
  changed: z.string(),
  lines: z.array(
    z.object({ id: z.string(), sku: z.string(), open: z.number(), shipped: z.number(), back: z.number() }),
  ),
});
type Order = z.infer<typeof Order>;
const Orders = z.object({ orders: z.array(Order) });
const Address = z.object({ address: z.string().nullable() });
const Message = z.object({ id: z.string(), orderId: z.string(), at: z.string() });
const Kept = z.object({ order: Order, observedAt: z.string() });

/** Token, failures to kinds, and one refresh of a token that died. */
const createClient = (wire: Wire) => {
  let token = "";
  const once = async (call: MarketCall, given: unknown): Promise<unknown> => {
    const isWrite = call === "set";
    const answer = await wire(call, token, given).catch((cause: Error) => {
      throw new ChannelError({ kind: "retryable", message: cause.message, ambiguous: isWrite, cause });
    });
    if (answer.status === 200) return answer.body;
    if (answer.status === 429) throw new ChannelError({ kind: "throttled", message: "too many", retryAfterMs: 20 });
    if (answer.status === 401) throw new ChannelError({ kind: "auth", message: "the token is refused" });
    if (answer.status >= 500)
      throw new ChannelError({ kind: "retryable", message: "the market fails", ambiguous: isWrite });
    throw new ChannelError({ kind: "permanent", message: `the market answered ${answer.status}` });
  };
  const refresh = async (): Promise<void> => {
    token = Token.parse(await once("token", {})).token;
  };
  return async <Answer>(
    schema: z.ZodType<Answer>,
    call: MarketCall,
    given: unknown,
    signal: AbortSignal,
  ): Promise<Answer> => {
    signal.throwIfAborted();
    if (token === "") await refresh();
    try {
      return schema.parse(await once(call, given));
    } catch (error) {
      if (!(error instanceof ChannelError && error.kind === "auth")) throw error;
      await refresh();
      return schema.parse(await once(call, given));
    }
  };
};

const snapshotOf = ({ id, placed, changed, lines }: Order, observedAt: string): OrderSnapshot => ({
  orderRef: id,
  fulfilledBy: "merchant",
  channelState: lines.some(({ open }) => open > 0) ? "open" : "done",
  createdAt: placed,
  updatedAt: changed,
  observedAt,
  lines: lines.map((line) => ({
    lineRef: line.id,
    listingRefs: [line.sku],
    channelSku: line.sku,
    holdUnits: line.open,
    leftUnits: line.shipped,
    backUnits: line.back,
  })),
});

const verify = ({ headers, body }: RawRequest, secret: string): Verification => {
  const expected = createHmac("sha256", secret).update(body).digest();
  const given = Buffer.from(headers["x-toy-signature"] ?? "", "hex");
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return { kind: "refused", status: 401, reason: "the signature is not the market's" };
  const { id, orderId, at } = Message.parse(JSON.parse(Buffer.from(body).toString("utf8")));
  return { kind: "delivery", delivery: { id, topic: "hint", payload: { orderId }, sourceAt: at } };
};

const translate = ({ topic, payload }: Delivery): readonly ChannelEvent[] => {
  if (topic === "hint")
    return [{ kind: "order-hint", orderRefs: [z.object({ orderId: z.string() }).parse(payload).orderId] }];
  const { order, observedAt } = Kept.parse(payload);
  return [{ kind: "order", order: snapshotOf(order, observedAt) }];
};

/**
 * A fourth channel, as small as the interface allows: everything that is a duty, and the abilities `webhooks` and
 * `subscriptions`. Nothing above `connectors` knows of it.
 */
export const createToyConnector = (wire: Wire, settings: Settings, clock: Clock): Connector => {
  const ask = createClient(wire);
  const subscribed = async ({ signal }: CallContext): Promise<CheckFinding> => {
    const { address } = await ask(Address, "subscription", {}, signal);
    if (address === settings.address) return { check: "subscription", ok: true, detail: "subscribed" };
    return {
      check: "subscription",
      ok: false,
      detail: "not subscribed",
      fix: "Run `lockstep connect` for this account.",
    };
  };
  return {
    // The type knows three names; no room above this one looks at it.
    channel: "shopify",
    limits: { pushBatchMax: batchMax, readBatchMax: batchMax, settleMs: 5_000, comparesAndSets: false },
    async pushQuantities(batch, _attemptKey, { signal }) {
      const rows = batch.map(({ ref: sku, units }) => ({ sku, units }));
      const answer = await ask(Taken, "set", { rows }, signal);
      return answer.rows.map(
        ({ sku: ref, taken }): PushOutcome =>
          taken
            ? { ref, status: "accepted", receipt: null }
            : { ref, status: "refused", retry: "never", reason: "no such listing" },
      );
    },
    async readQuantities(listings, { signal }) {
      const { rows } = await ask(Quantities, "quantities", { ids: listings.map(({ ref }) => ref) }, signal);
      return rows.map(({ sku: ref, units }) => ({ ref, units, ...(units === null && { reason: "no such listing" }) }));
    },
    async importListings(cursor, { signal }) {
      const { listings, next } = await ask(Listings, "listings", { after: cursor }, signal);
      const items = listings.map(({ sku, title, units }) => ({
        ref: sku,
        details: null,
        aliases: [],
        channelSku: sku,
        title,
        fulfilledBy: "merchant" as const,
        status: "active" as const,
        units,
      }));
      return { items, next, done: next === null };
    },
    async pullOrders(cursor, { signal }): Promise<OrderPage> {
      const observedAt = toIso(clock.now());
      const to = toIso(clock.now() - settings.orderLagMs);
      const from = toIso((cursor === null ? clock.now() - 86_400_000 : Date.parse(cursor)) - settings.orderOverlapMs);
      const { orders } = await ask(Orders, "orders", { from, to }, signal);
      const items = orders.map((order) => ({
        id: `order:${order.id}:${order.changed}`,
        topic: "order",
        payload: { order, observedAt },
        sourceAt: order.changed,
      }));
      return { items, next: to, done: true, watermark: to };
    },
    async fetchOrders(orderRefs, { signal }) {
      const snapshots: OrderSnapshot[] = [];
      for (let at = 0; at < orderRefs.length; at += batchMax) {
        const observedAt = toIso(clock.now());
        const { orders } = await ask(Orders, "order", { ids: orderRefs.slice(at, at + batchMax) }, signal);
        snapshots.push(...orders.map((order) => snapshotOf(order, observedAt)));
      }
      return snapshots;
    },
    translate,
    async check({ signal }) {
      try {
        await ask(Address, "subscription", {}, signal);
        return [{ check: "credentials", ok: true, detail: "the market lets us in" }];
      } catch (error) {
        if (!(error instanceof ChannelError)) throw error;
        return [{ check: "credentials", ok: false, detail: error.message, fix: "Ask the market for a new secret." }];
      }
    },
    webhooks: { verify: (request) => Promise.resolve(verify(request, settings.secret)) },
    subscriptions: {
      audit: async (context) => [await subscribed(context)],
      async ensure(context) {
        const before = await subscribed(context);
        if (before.ok) return [before];
        await ask(Address, "subscribe", { address: settings.address }, context.signal);
        return [{ check: "subscription", ok: true, detail: "made now" }];
      },
    },
  };
};
