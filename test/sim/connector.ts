import type { Connector, Delivery, OrderSnapshot, QuantityReading } from "../../src/connectors/connector.ts";
import { ChannelError } from "../../src/core/failure.ts";
import type { ChannelOrder, SimChannel } from "./channel.ts";
import type { MessageQueue } from "./messages.ts";
import type { Process } from "./world.ts";

const callMsMax = 20_000;
/** The topic of a message that is authentic and means nothing. */
export const garbled = "garbled";
const staleMsMax = 4_000;
const pageMax = 5;
const overlapMs = 2_000;

type Cursor = { readonly fromMs: number; readonly after: readonly [number, string] | null; readonly startedMs: number };

/** A call over the network: what is sent arrives whatever becomes of the sender; the answer only reaches the living. */
const call = <Answer>(
  process: Process,
  channel: SimChannel,
  signal: AbortSignal,
  arrive: () => Answer | "no reply",
) => {
  const { world, faults, random } = channel;
  const wayMs = (): number => (faults.strikes("network-slow") ? 500 + random() * 9_000 : 5 + random() * 60);
  return new Promise<Answer>((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    world.after(wayMs(), () => {
      let answer: Answer | "no reply";
      try {
        channel.refuseWhileAway();
        answer = arrive();
      } catch (error) {
        world.after(wayMs(), () => process.resume(() => reject(error)));
        return;
      }
      if (answer !== "no reply") world.after(wayMs(), () => process.resume(() => resolve(answer)));
    });
    const timeout = new ChannelError({ kind: "retryable", ambiguous: true, message: `no answer in ${callMsMax} ms` });
    world.after(callMsMax, () => process.resume(() => reject(timeout)));
  });
};

const retryable = (message: string): ChannelError => new ChannelError({ kind: "retryable", message });

/** Orders changed since the cursor, oldest first, a page at a time. */
const orderPage = (channel: SimChannel, text: string | null) => {
  const { world } = channel;
  const { nowMs } = world;
  const parsed = text === null ? undefined : (JSON.parse(text) as Cursor);
  const cursor: Cursor = parsed ?? { fromMs: world.startedMs - 60_000, after: null, startedMs: nowMs };
  const startedMs = cursor.after === null ? nowMs : cursor.startedMs;
  const rows = [...channel.orders.values()]
    .flatMap((order) => {
      const version = channel.visible(order);
      return version === undefined ? [] : [{ order, version }];
    })
    .filter(({ order, version }) => {
      const { after } = cursor;
      if (after === null) return version.updatedMs >= cursor.fromMs;
      return version.updatedMs > after[0] || (version.updatedMs === after[0] && order.orderRef > after[1]);
    })
    .toSorted((a, b) => a.version.updatedMs - b.version.updatedMs || (a.order.orderRef < b.order.orderRef ? -1 : 1));
  const page = rows.slice(0, pageMax);
  const last = page.at(-1);
  const done = rows.length <= pageMax;
  const watermarkMs = startedMs - channel.shape.orderLagMs - channel.shape.stampMs;
  const next: Cursor =
    done || last === undefined
      ? { fromMs: watermarkMs - overlapMs, after: null, startedMs: nowMs }
      : { fromMs: cursor.fromMs, after: [last.version.updatedMs, last.order.orderRef], startedMs };
  const items = page.map(({ order, version }): Delivery => {
    const payload = channel.snapshot(order, version, nowMs);
    const { updatedAt } = payload;
    return {
      id: `poll:${order.orderRef}:${updatedAt}:${order.versions.indexOf(version)}`,
      topic: "order",
      payload,
      sourceAt: updatedAt,
    };
  });
  return { items, next: JSON.stringify(next), done, watermark: done ? world.iso(watermarkMs) : null };
};

/** What a process read, newest last: from when the number is that a write was computed from. */
type Looks = Map<string, { readonly asOfMs: number; readonly units: number }[]>;
const looksKept = 20;

const lookOf = (looks: Looks, write: { readonly ref: string; readonly expectedUnits: number | null }): number =>
  looks.get(write.ref)?.findLast(({ units }) => units === write.expectedUnits)?.asOfMs ?? 0;

const read = (channel: SimChannel, refs: readonly string[], looks: Looks) => {
  const { faults, random, world } = channel;
  if (faults.strikes("read-fails")) throw retryable("500 on a read");
  return refs.flatMap((ref): readonly QuantityReading[] => {
    const listing = channel.listings.get(ref);
    if (listing === undefined) return [{ ref, units: null, reason: "no such listing" }];
    if (faults.strikes("read-partial")) return [];
    const agoMs = random() * staleMsMax;
    const old = channel.books.shownAt(listing, world.nowMs - agoMs);
    const isStale = !channel.shape.comparesAndSets && faults.strikes("read-stale", old !== listing.shown);
    const units = isStale ? old : listing.shown;
    looks.set(ref, [
      ...(looks.get(ref) ?? []).slice(-looksKept),
      { asOfMs: isStale ? world.nowMs - agoMs : world.nowMs, units },
    ]);
    return [{ ref, units }];
  });
};

export const deliveryOf = (channel: SimChannel, order: ChannelOrder): Delivery => {
  const version = order.versions.at(-1);
  if (version === undefined) throw new TypeError("an order without a version");
  const payload = channel.snapshot(order, version, channel.world.nowMs);
  const id = `message:${order.orderRef}:${order.versions.length}`;
  const isHint = channel.shape.messages !== "snapshots";
  return isHint
    ? { id, topic: "hint", payload: order.orderRef, sourceAt: payload.updatedAt }
    : { id, topic: "order", payload, sourceAt: payload.updatedAt };
};

/** The channel's connector as one process has it. */
export const simConnector = (channel: SimChannel, process: Process, messages?: MessageQueue): Connector => {
  const { shape, faults, random } = channel;
  const looks: Looks = new Map();
  return {
    channel: shape.channel,
    limits: {
      pushBatchMax: shape.pushBatchMax,
      readBatchMax: 20,
      settleMs: shape.settleMs,
      comparesAndSets: shape.comparesAndSets,
    },
    pushQuantities: (batch, attemptKey, { signal }) =>
      call(process, channel, signal, () => {
        if (faults.strikes("write-throttled")) {
          throw new ChannelError({ kind: "throttled", retryAfterMs: 1_500, message: "429 too many requests" });
        }
        const fails = faults.strikes("write-fails");
        if (fails && random() < 0.5) throw new ChannelError({ kind: "retryable", ambiguous: true, message: "500" });
        const outcomes = batch.flatMap((write) => channel.take(write, lookOf(looks, write), attemptKey) ?? []);
        if (fails) throw new ChannelError({ kind: "retryable", ambiguous: true, message: "500 after the write" });
        return faults.strikes("reply-lost") ? "no reply" : outcomes;
      }),
    readQuantities: (listings, { signal }) =>
      call(process, channel, signal, () => {
        const readings = read(
          channel,
          listings.map(({ ref }) => ref),
          looks,
        );
        if (faults.strikes("frozen-after-read")) process.befall("freeze");
        return readings;
      }),
    importListings: (_cursor, { signal }) =>
      call(process, channel, signal, () => ({
        items: [...channel.listings.values()].map(({ ref, sku, unitsEach, shown }) => ({
          ref,
          details: null,
          aliases: [`sku:${sku}`],
          channelSku: unitsEach === 1 ? sku : `${sku}-x${unitsEach}`,
          title: sku,
          fulfilledBy: "merchant" as const,
          status: "active" as const,
          units: shown,
        })),
        next: null,
        done: true,
      })),
    pullOrders: (cursor, { signal }) =>
      call(process, channel, signal, () => {
        if (!channel.tellsOrders || faults.strikes("order-list-fails")) throw retryable("500 on the order list");
        return orderPage(channel, cursor);
      }),
    fetchOrders: (refs, { signal }) =>
      call(process, channel, signal, () =>
        refs.flatMap((ref): readonly OrderSnapshot[] => {
          if (!channel.tellsOrders) throw retryable("500 on an order");
          const order = channel.orders.get(ref);
          const version = order === undefined ? undefined : channel.visible(order);
          return order === undefined || version === undefined
            ? []
            : [channel.snapshot(order, version, channel.world.nowMs)];
        }),
      ),
    translate: (delivery) => {
      if (delivery.topic === garbled) throw new TypeError("a message that nobody understands");
      if (delivery.topic === "hint") return [{ kind: "order-hint", orderRefs: [String(delivery.payload)] }];
      return [{ kind: "order", order: delivery.payload as unknown as OrderSnapshot }];
    },
    check: () => Promise.resolve([]),
    webhooks: {
      verify: ({ body }) =>
        Promise.resolve({ kind: "delivery", delivery: JSON.parse(Buffer.from(body).toString("utf8")) as Delivery }),
    },
    ...(messages !== undefined && {
      notifications: {
        receive: ({ signal }) => messages.receive(process, signal),
        acknowledge: (handles) => messages.acknowledge(process, handles),
      },
    }),
  };
};
