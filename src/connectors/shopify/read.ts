import type { CallContext, ListingHandle, QuantityReading } from "../connector.ts";
import type { Client } from "./client.ts";
import { levelBatchMax, readLevels } from "./documents.ts";
import { type Level, levelOf, unmappedReason } from "./level-ref.ts";
import type { LocationsOf } from "./location.ts";
import { type LevelNode, LevelsAnswer } from "./schemas.ts";

type Shown = { readonly units: number | null; readonly reason?: string };

/**
 * What the level shows: available may be negative (the variant sells on). null with a reason when it shows nothing.
 * `activateLevels`: a push may begin to stock the item here, so what is not sold here reads as 0.
 */
export const availableOf = (node: Pick<LevelNode, "tracked" | "inventoryLevel">, activateLevels: boolean): Shown => {
  if (!node.tracked) return { units: null, reason: "inventory is not tracked" };
  const notHere = (why: string): Shown =>
    activateLevels ? { units: 0 } : { units: null, reason: `not sellable here: ${why} at the location` };
  if (node.inventoryLevel === null) return notHere("not stocked");
  // Shopify keeps and even accepts quantities of an inactive level, but sells none of them.
  if (!node.inventoryLevel.isActive) return notHere("inactive");
  const available = node.inventoryLevel.quantities.find(({ name }) => name === "available");
  return available === undefined
    ? { units: null, reason: "no available quantity told" }
    : { units: available.quantity };
};

/** Items at one location as they are now, by their gids; what the shop no longer has is left out. */
export const readNodes = async (
  client: Client,
  { locationGid, itemGids }: { readonly locationGid: string; readonly itemGids: readonly string[] },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LevelNode>> => {
  const nodes = new Map<string, LevelNode>();
  for (let start = 0; start < itemGids.length; start += levelBatchMax) {
    const ids = itemGids.slice(start, start + levelBatchMax);
    const variables = { ids, location: locationGid };
    const call = { document: readLevels, variables, schema: LevelsAnswer, rows: ids.length };
    const { data } = await client.call(call, signal);
    for (const node of data.nodes) if (node !== null) nodes.set(node.id, node);
  }
  return nodes;
};

/** The same for levels at several locations: one call a location and 250 items. */
export const readLevelNodes = async (
  client: Client,
  levels: readonly Level[],
  signal: AbortSignal,
): Promise<(level: Level) => LevelNode | undefined> => {
  const byLocation = new Map<string, ReadonlyMap<string, LevelNode>>();
  for (const [locationGid, group] of Map.groupBy(levels, (level) => level.locationGid)) {
    const itemGids = group.map(({ itemGid }) => itemGid);
    byLocation.set(locationGid, await readNodes(client, { locationGid, itemGids }, signal));
  }
  return ({ itemGid, locationGid }) => byLocation.get(locationGid)?.get(itemGid);
};

/** Levels as they are now, from the objects themselves: search and totals lag (channel document §5). */
export const createReadQuantities =
  (client: Client, locationsOf: LocationsOf, activateLevels: boolean) =>
  async (listings: readonly ListingHandle[], context: CallContext): Promise<readonly QuantityReading[]> => {
    if (listings.length === 0) return [];
    const locations = await locationsOf(context.signal);
    const levels = listings.map(({ ref }) => ({ ref, level: levelOf(ref, locations) }));
    const wanted = levels.flatMap(({ level }) => (level === undefined ? [] : [level]));
    const nodeOf = await readLevelNodes(client, wanted, context.signal);
    return levels.map(({ ref, level }) => {
      if (level === undefined) return { ref, units: null, reason: unmappedReason };
      const node = nodeOf(level);
      if (node === undefined) return { ref, units: null, reason: "the inventory item no longer exists" };
      return { ref, ...availableOf(node, activateLevels) };
    });
  };
