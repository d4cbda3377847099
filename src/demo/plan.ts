import type { Channel } from "../connectors/connector.ts";
import { seededRandom } from "../core/random.ts";
import { type BuyerEvent, bestSellers, type Line, type RealOrders } from "./orders.ts";

/** What happens on which channel, in order. `after` shipments and cancellations name the sale by its invoice. */
export type Step =
  | { readonly kind: "sale"; readonly channel: Channel; readonly invoice: string; readonly lines: readonly Line[] }
  | { readonly kind: "ship"; readonly channel: Channel; readonly invoice: string }
  /** Units to take back from this sale, as far as they are still open. */
  | { readonly kind: "cancel"; readonly channel: Channel; readonly invoice: string; readonly lines: readonly Line[] };

export type DemoPlan = {
  readonly skus: readonly string[];
  readonly titles: ReadonlyMap<string, string>;
  /** Units to put on the shelf before the first sale. */
  readonly stock: ReadonlyMap<string, number>;
  readonly steps: readonly Step[];
  readonly sales: number;
};

const channelShares: readonly (readonly [Channel, number])[] = [
  ["amazon", 0.4],
  ["ebay", 0.3],
  ["shopify", 0.3],
];
/** Some SKUs are stocked short, so that the last units are fought over. */
const scarceShare = 0.15;
const shipShare = 0.5;
/** Orders leave the building this many sales after they came in. */
const shipDelaySales = 25;

/**
 * Turns real invoices into a replay over three channels: who sells what is drawn from the seed, everything else is the
 * retailer's. A cancellation is given to the latest sale that had those units, as the retailer's customers did. Pure.
 */
export const makePlan = (
  real: RealOrders,
  options: { readonly sales: number; readonly skus: number; readonly seed: number },
): DemoPlan => {
  const random = seededRandom(options.seed);
  const events = firstSales(real.events, options.sales);
  const skus = bestSellers(events, options.skus);
  const listed = new Set(skus);
  const demand = new Map<string, number>();
  const steps: Step[] = [];
  const soldBy = new Map<string, { channel: Channel; invoice: string; units: number }[]>();
  const toShip: { atSale: number; channel: Channel; invoice: string }[] = [];
  let sales = 0;
  for (const event of events) {
    const lines = event.lines.filter((line) => listed.has(line.sku));
    if (lines.length === 0) continue;
    if (event.kind === "cancellation") {
      steps.push(...cancellations(lines, soldBy));
      continue;
    }
    sales += 1;
    const channel = pickChannel(random());
    steps.push({ kind: "sale", channel, invoice: event.invoice, lines });
    for (const { sku, units } of lines) {
      demand.set(sku, (demand.get(sku) ?? 0) + units);
      soldBy.set(sku, [...(soldBy.get(sku) ?? []), { channel, invoice: event.invoice, units }]);
    }
    if (random() < shipShare) toShip.push({ atSale: sales + shipDelaySales, channel, invoice: event.invoice });
    while (toShip[0] !== undefined && toShip[0].atSale <= sales) {
      const { channel: shipChannel, invoice } = toShip.shift() as (typeof toShip)[number];
      steps.push({ kind: "ship", channel: shipChannel, invoice });
    }
  }
  const stock = new Map(
    skus.map((sku) => {
      const wanted = demand.get(sku) ?? 0;
      return [sku, random() < scarceShare ? Math.ceil(wanted * 0.6) : Math.ceil(wanted * 1.1) + 5];
    }),
  );
  return { skus, titles: real.titles, stock, steps, sales };
};

const firstSales = (events: readonly BuyerEvent[], sales: number): readonly BuyerEvent[] => {
  let seen = 0;
  const kept: BuyerEvent[] = [];
  for (const event of events) {
    if (event.kind === "sale") seen += 1;
    if (seen > sales) break;
    kept.push(event);
  }
  return kept;
};

const pickChannel = (draw: number): Channel => {
  let left = draw;
  for (const [channel, share] of channelShares) {
    left -= share;
    if (left < 0) return channel;
  }
  return "shopify";
};

const cancellations = (
  lines: readonly Line[],
  soldBy: ReadonlyMap<string, { channel: Channel; invoice: string; units: number }[]>,
): readonly Step[] =>
  lines.flatMap(({ sku, units }) => {
    const sale = soldBy.get(sku)?.findLast((sold) => sold.units >= units);
    if (sale === undefined) return [];
    sale.units -= units;
    return [{ kind: "cancel", channel: sale.channel, invoice: sale.invoice, lines: [{ sku, units }] } as const];
  });
