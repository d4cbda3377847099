import type { ChannelStockRow } from "../connectors/connector.ts";

export type SkuLink = { readonly channelSku: string; readonly sku: string; readonly units: number };
export type Counted = {
  /** Units by our SKU. */
  readonly units: ReadonlyMap<string, number>;
  /** Channel SKUs of which nobody has said what they are, and kits: neither can be counted as a SKU of ours. */
  readonly unknown: readonly string[];
};

/**
 * What lies with the channel, as counts of our SKUs. Pure. A link says which SKU and how many units of it; without one
 * the channel SKU has to be a SKU that the ledger knows. Regions show the same stock, so the largest is taken, never
 * the sum; two channel SKUs of one SKU are added up.
 */
export const channelCounts = (
  rows: readonly ChannelStockRow[],
  links: readonly SkuLink[],
  known: ReadonlySet<string>,
): Counted => {
  const most = new Map<string, number>();
  for (const { channelSku, units } of rows) most.set(channelSku, Math.max(most.get(channelSku) ?? 0, units));
  const linksBy = Map.groupBy(links, ({ channelSku }) => channelSku);
  const counted = new Map<string, number>();
  const unknown: string[] = [];
  for (const [channelSku, units] of most) {
    const [link, ...others] = linksBy.get(channelSku) ?? (known.has(channelSku) ? [{ sku: channelSku, units: 1 }] : []);
    if (link === undefined || others.length > 0) unknown.push(channelSku);
    else counted.set(link.sku, (counted.get(link.sku) ?? 0) + units * link.units);
  }
  return { units: counted, unknown };
};
