import type { Connector, Delivery, ImportedListing, OrderSnapshot } from "../../src/connectors/connector.ts";

const pageMax = 1_000;

/** A channel without a protocol: what it shows, and what was bought. Its numbers are what explanations are held against. */
export class ShownChannel {
  readonly shown = new Map<string, number>();
  readonly #skuOf = new Map<string, string | null>();
  readonly #orders: OrderSnapshot[] = [];
  readonly #now: () => string;

  constructor(now: () => string) {
    this.#now = now;
  }

  list(ref: string, channelSku: string | null, units: number): void {
    this.shown.set(ref, units);
    this.#skuOf.set(ref, channelSku);
  }

  /** A buyer takes a unit, if there is one: the channel lowers its own number at once. */
  sell(orderRef: string, ref: string): boolean {
    const units = this.shown.get(ref) ?? 0;
    if (units < 1) return false;
    this.shown.set(ref, units - 1);
    const at = this.#now();
    this.#orders.push({
      orderRef,
      fulfilledBy: "merchant",
      channelState: "open",
      createdAt: at,
      updatedAt: at,
      observedAt: at,
      lines: [{ lineRef: "1", listingRefs: [ref], channelSku: null, holdUnits: 1, leftUnits: 0, backUnits: 0 }],
    });
    return true;
  }

  #seen(ref: string, units: number): ImportedListing {
    const channelSku = this.#skuOf.get(ref) ?? null;
    return {
      ref,
      details: null,
      aliases: [],
      channelSku,
      title: ref,
      fulfilledBy: "merchant",
      status: "active",
      units,
    };
  }

  #delivery(order: OrderSnapshot): Delivery {
    return { id: order.orderRef, topic: "order", payload: order, sourceAt: order.updatedAt };
  }

  connector(): Connector {
    return {
      channel: "shopify",
      limits: { pushBatchMax: 500, readBatchMax: pageMax, settleMs: 5_000, comparesAndSets: true },
      pushQuantities: async (batch) =>
        batch.map(({ ref, units, expectedUnits }) => {
          if (this.shown.get(ref) !== expectedUnits)
            return { ref, status: "conflict", reason: "it shows another number" };
          this.shown.set(ref, units);
          return { ref, status: "accepted", receipt: null };
        }),
      readQuantities: async (listings) => listings.map(({ ref }) => ({ ref, units: this.shown.get(ref) ?? null })),
      importListings: async (cursor) => {
        const from = Number(cursor ?? 0);
        const items = [...this.shown].slice(from, from + pageMax).map(([ref, units]) => this.#seen(ref, units));
        const next = from + items.length;
        return { items, next: String(next), done: next >= this.shown.size };
      },
      pullOrders: async (cursor) => {
        const from = Number(cursor ?? 0);
        const watermark = this.#now();
        const items = this.#orders.slice(from, from + pageMax).map((order) => this.#delivery(order));
        const next = from + items.length;
        const done = next >= this.#orders.length;
        return { items, next: String(next), done, watermark: done ? watermark : null };
      },
      fetchOrders: async (refs) => this.#orders.filter(({ orderRef }) => refs.includes(orderRef)),
      translate: (delivery) => [{ kind: "order", order: delivery.payload as unknown as OrderSnapshot }],
      check: async () => [],
    };
  }
}
