import type { CallContext, ListingHandle, QuantityReading } from "../connector.ts";
import type { Client } from "./client.ts";
import { levelBatchMax, readLevels } from "./documents.ts";
import type { LocationOf } from "./location.ts";
import { type LevelNode, LevelsAnswer } from "./schemas.ts";

/** What the level shows: available may be negative (the variant sells on). null with a reason when it shows nothing. */
export const availableOf = (
  node: Pick<LevelNode, "tracked" | "inventoryLevel">,
): { units: number | null; reason?: string } => {
  if (!node.tracked) return { units: null, reason: "inventory is not tracked" };
  if (node.inventoryLevel === null) return { units: null, reason: "not stocked at the location" };
  // Shopify keeps and even accepts quantities of an inactive level, but sells none of them.
  if (!node.inventoryLevel.isActive) return { units: null, reason: "inactive at the location" };
  const available = node.inventoryLevel.quantities.find(({ name }) => name === "available");
  return available === undefined
    ? { units: null, reason: "no available quantity told" }
    : { units: available.quantity };
};

/** Levels as they are now, from the objects themselves: search and totals lag (channel document §5). */
export const createReadQuantities =
  (client: Client, locationOf: LocationOf) =>
  async (listings: readonly ListingHandle[], context: CallContext): Promise<readonly QuantityReading[]> => {
    const readings: QuantityReading[] = [];
    if (listings.length === 0) return readings;
    const location = await locationOf(context.signal);
    for (let start = 0; start < listings.length; start += levelBatchMax) {
      const chunk = listings.slice(start, start + levelBatchMax);
      const ids = chunk.map(({ ref }) => ref);
      const { data } = await client.call(
        { document: readLevels, variables: { ids, location }, schema: LevelsAnswer, rows: ids.length },
        context.signal,
      );
      const nodes = new Map<string, LevelNode>();
      for (const node of data.nodes) if (node !== null) nodes.set(node.id, node);
      for (const { ref } of chunk) {
        const node = nodes.get(ref);
        readings.push({
          ref,
          ...(node === undefined ? { units: null, reason: "the inventory item no longer exists" } : availableOf(node)),
        });
      }
    }
    return readings;
  };
