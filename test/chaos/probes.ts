import { type Channel, channels } from "../../src/connectors/connector.ts";
import type { Db } from "../../src/db/pool.ts";
import type { ControlClient } from "../../src/demo/control-client.ts";
import { type Books, drawChannel, noteByHand } from "./books.ts";
import type { StockClient } from "./stock-client.ts";

/** What one probe waits to see: a SKU that nobody else touches, and the units that are right for it. */
export type Probe = {
  readonly sku: string;
  readonly kind: "order" | "receipt";
  readonly units: number;
};

/**
 * An order has arrived when no channel offers more than is left: while a SKU is selling, channels without compare-and-set
 * may show less for a while, on purpose. Units received have arrived when every channel shows them. Pure.
 */
export const hasArrived = (probe: Probe, units: number | undefined): boolean =>
  units !== undefined && (probe.kind === "order" ? units <= probe.units : units === probe.units);

/** A listing that was owed when a fault had ended, with the version that was wanted then. */
export type Owed = { readonly listingId: number; readonly version: number };

type OwedRow = Owed & {
  readonly sku: string;
  readonly channel: Channel;
  readonly available: number;
  readonly isPlanned: boolean;
};

export type Prober = {
  /** An order on a channel, and a receipt through the HTTP API. The receipt may be answered later. */
  send(draw: number): Promise<readonly Probe[]>;
  /** Where which probes have not arrived, in words. */
  missing(probes: readonly Probe[]): Promise<readonly string[]>;
  /** What is owed now. */
  owed(): Promise<readonly Owed[]>;
  /**
   * What of it is still to be worked off, and in words also deliveries from before then that are not applied. A listing is
   * worked off when what was wanted then is settled, or when it has been planned since (a write was begun, or it was put off
   * because its SKU is selling or orders are not seen yet) and shows no more than there is: under load it owes anew at once.
   */
  backlog(
    owed: readonly Owed[],
    sinceMs: number,
  ): Promise<{ readonly open: readonly Owed[]; readonly words: readonly string[] }>;
  /** Receipts that wait for their answer. */
  settled(): Promise<void>;
};

export const createProber = (deps: {
  readonly db: Db;
  readonly controls: Readonly<Record<Channel, ControlClient>>;
  readonly stock: StockClient;
  readonly books: Books;
  /** Units of each, all on every channel. */
  readonly orderSkus: ReadonlyMap<string, number>;
  readonly receiptSkus: ReadonlyMap<string, number>;
  readonly nowMs: () => number;
  readonly onError: (error: Error) => void;
}): Prober => {
  const { db, controls, books, nowMs } = deps;
  const left = new Map([...deps.orderSkus, ...deps.receiptSkus]);
  const [orders, receipts] = [[...deps.orderSkus.keys()], [...deps.receiptSkus.keys()]];
  const answers = new Set<Promise<unknown>>();
  let serial = 0;

  const shownNow = async (): Promise<readonly ReadonlyMap<string, number>[]> => {
    const shown = await Promise.all(channels.map((channel) => controls[channel].shown()));
    return shown.map((listings) => new Map(listings.map(({ sku, units }) => [sku, units])));
  };

  /** Nobody waits for it: while the web is away, its answer is too. */
  const receive = (sku: string, units: number): void => {
    const atMs = nowMs();
    const received = deps.stock.line("receive", { sku, units }, `chaos-probe-${serial}`).then((isDone) => {
      if (!isDone) throw new Error(`the receipt of ${units} ${sku} was refused`);
      noteByHand(books, { sku, units, atMs });
    });
    const settled = received.catch(deps.onError).finally(() => answers.delete(settled));
    answers.add(settled);
  };

  return {
    send: async (draw) => {
      serial += 1;
      const orderSku = orders[serial % orders.length] as string;
      const receiptSku = receipts[serial % receipts.length] as string;
      const [afterOrder, afterReceipt] = [(left.get(orderSku) ?? 0) - 2, (left.get(receiptSku) ?? 0) + 3];
      left.set(orderSku, afterOrder).set(receiptSku, afterReceipt);
      receive(receiptSku, 3);
      const channel = drawChannel(draw);
      const { soldOut } = await controls[channel].sell(`probe-${serial}`, [{ sku: orderSku, units: 2 }]);
      if (soldOut.length > 0) throw new Error(`${channel} did not sell the probe ${orderSku}`);
      return [
        { kind: "order", sku: orderSku, units: afterOrder },
        { kind: "receipt", sku: receiptSku, units: afterReceipt },
      ];
    },
    missing: async (probes) => {
      const shown = await shownNow();
      return probes.flatMap((probe) =>
        channels
          .filter((_, index) => !hasArrived(probe, shown[index]?.get(probe.sku)))
          .map((channel) => `${probe.kind} on ${channel}`),
      );
    },
    owed: async () => {
      const { rows } = await db.pool.query<Owed>(
        `select listing_id as "listingId", wanted_version as version from push_target where wanted_version > settled_version`,
      );
      return rows;
    },
    backlog: async (owed, sinceMs) => {
      const { rows: deliveries } = await db.pool.query<{ account: string }>(
        `select account_id as account from inbox where state = 'received' and received_at <= to_timestamp($1 / 1000.0)`,
        [sinceMs],
      );
      const received = deliveries.map(({ account }) => `delivery of ${account}`);
      const { rows } = await db.pool.query<OwedRow>(
        `select o."listingId", o.version, k.sku, a.channel, s.on_hand - s.reserved as available,
                t.failures = 0 and (coalesce(t.not_before > to_timestamp($2 / 1000.0), false)
                  or exists (select from push_attempt p where p.listing_id = t.listing_id
                                and p.started_at > to_timestamp($2 / 1000.0))) as "isPlanned"
           from json_to_recordset($1::json) as o ("listingId" bigint, version bigint)
           join push_target t on t.listing_id = o."listingId" and t.settled_version < o.version
           join listing_link k on k.listing_id = t.listing_id
           join account a on a.id = t.account_id
           join stock_level s on s.sku = k.sku`,
        [JSON.stringify(owed), sinceMs],
      );
      const shown = rows.length === 0 ? [] : await shownNow();
      const open = rows.filter(({ sku, channel, available, isPlanned }) => {
        const units = shown[channels.indexOf(channel)]?.get(sku) ?? Number.POSITIVE_INFINITY;
        return !isPlanned || units > Math.max(0, available);
      });
      const words = [...received, ...open.map(({ channel }) => `owed on ${channel}`)];
      return { open: open.map(({ listingId, version }) => ({ listingId, version })), words };
    },
    settled: async () => {
      while (answers.size > 0) await Promise.all(answers);
    },
  };
};
