import type {
  ChannelEvent,
  Connector,
  Delivery,
  ListingWrite,
  OrderSnapshot,
  PushOutcome,
} from "../../src/connectors/connector.ts";
import type { TestClock } from "./test-clock.ts";

/** How the channel treats the next writes. */
export type WriteMood =
  | "applies"
  | "accepts-and-drops"
  | "refuses"
  | "refuses-for-good"
  | "answer-lost"
  | "dies-before-answer"
  | "conflicts";

/** A channel in memory, with no protocol: listings, orders, and moods for what goes wrong. */
export class ToyChannel {
  readonly shown = new Map<string, number>();
  readonly orders: OrderSnapshot[] = [];
  readonly writes: { readonly ref: string; readonly units: number; readonly expectedUnits: number | null }[] = [];
  mood: WriteMood = "applies";
  /** Orders up to this time are in the list; null = as of now. */
  ordersVisibleUntil: string | null = null;
  /** What its order list does when it is asked. */
  orderList: "answers" | "fails" | "hangs" = "answers";
  /** How many more reads of its order list may be spared; null = it does not matter. */
  spareOrderReads: number | null = null;
  /** Orders (`ref:updated`) that the list leaves out unless it is read from its start. */
  readonly hiddenFromPolls = new Set<string>();
  /** What these listings are said to show, whatever they show. */
  readonly staleReads = new Map<string, number>();
  /** Writes to these listings are refused for now. */
  readonly busy = new Set<string>();
  readonly #clock: TestClock;

  constructor(clock: TestClock) {
    this.#clock = clock;
  }

  /** A buyer takes units: the channel lowers its own number at once. */
  sell(orderRef: string, ref: string, units: number): OrderSnapshot {
    this.shown.set(ref, (this.shown.get(ref) ?? 0) - units);
    const at = this.#clock.iso();
    const order: OrderSnapshot = {
      orderRef,
      fulfilledBy: "merchant",
      channelState: "open",
      createdAt: at,
      updatedAt: at,
      observedAt: at,
      lines: [{ lineRef: "1", listingRefs: [ref], channelSku: ref, holdUnits: units, leftUnits: 0, backUnits: 0 }],
    };
    this.orders.push(order);
    return order;
  }

  deliveryOf(order: OrderSnapshot): Delivery {
    return {
      id: `order:${order.orderRef}:${order.updatedAt}`,
      topic: "order",
      payload: order,
      sourceAt: order.updatedAt,
    };
  }

  #write(write: ListingWrite): PushOutcome {
    const { ref, units, expectedUnits } = write;
    if (this.busy.has(ref)) return { ref, status: "refused", retry: "later", reason: "busy" };
    this.writes.push({ ref, units, expectedUnits });
    switch (this.mood) {
      case "applies":
        this.shown.set(ref, units);
        return { ref, status: "accepted", receipt: null };
      case "accepts-and-drops":
        return { ref, status: "accepted", receipt: null };
      case "refuses":
        return { ref, status: "refused", retry: "later", reason: "busy" };
      case "refuses-for-good":
        return { ref, status: "refused", retry: "never", reason: "listing ended" };
      case "conflicts":
        return { ref, status: "conflict", reason: "somebody else wrote" };
      case "answer-lost":
        this.shown.set(ref, units);
        return { ref, status: "unknown", reason: "no answer" };
      case "dies-before-answer":
        throw new Error("the process died here");
    }
  }

  connector(): Connector {
    return {
      channel: "shopify",
      limits: { pushBatchMax: 10, readBatchMax: 10, settleMs: 5_000, comparesAndSets: false },
      pushQuantities: (batch) => Promise.resolve(batch.map((write) => this.#write(write))),
      readQuantities: (listings) =>
        Promise.resolve(
          listings.map(({ ref }) => ({
            ref,
            units: this.staleReads.get(ref) ?? this.shown.get(ref) ?? null,
            reason: "no such listing",
          })),
        ),
      importListings: () =>
        Promise.resolve({
          items: [...this.shown].map(([ref, units]) => ({
            ref,
            details: null,
            aliases: [`sku:${ref}`],
            channelSku: ref,
            title: ref,
            fulfilledBy: "merchant" as const,
            status: "active" as const,
            units,
          })),
          next: null,
          done: true,
        }),
      pullOrders: (cursor, { signal }) => {
        if (this.orderList === "fails") return Promise.reject(new Error("the order list does not answer"));
        if (this.orderList === "hangs")
          return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
        const until = this.ordersVisibleUntil ?? this.#clock.iso();
        const listed = ({ orderRef, updatedAt }: OrderSnapshot): boolean =>
          updatedAt <= until && (cursor === null || !this.hiddenFromPolls.has(`${orderRef}:${updatedAt}`));
        const items = this.orders.filter(listed).map((order) => this.deliveryOf(order));
        return Promise.resolve({ items, next: until, done: true, watermark: until });
      },
      ...(this.spareOrderReads !== null && { spareOrderReads: () => Promise.resolve(this.spareOrderReads ?? 0) }),
      fetchOrders: (refs) => Promise.resolve(this.orders.filter((order) => refs.includes(order.orderRef))),
      translate: (delivery): readonly ChannelEvent[] => {
        if (delivery.topic === "hint") return [{ kind: "order-hint", orderRefs: [String(delivery.payload)] }];
        if (delivery.topic === "garbage") throw new Error("no such thing");
        return [{ kind: "order", order: delivery.payload as unknown as OrderSnapshot }];
      },
      check: () => Promise.resolve([]),
    };
  }
}
