import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { CallContext, ImportedListing, Page } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { Client } from "./client.ts";
import { inventoryPage, inventoryPageSize } from "./documents.ts";
import { numberOf } from "./gids.ts";
import { levelRef } from "./level-ref.ts";
import type { LocationsOf, MappedLocations } from "./location.ts";
import { availableOf, readNodes } from "./read.ts";
import { InventoryPageAnswer, type ItemNode } from "./schemas.ts";

/** A connection ends after 25 000 objects; well before that a new one starts behind the last id seen. */
const pagesInWindow = 400;

const Cursor = z.strictObject({
  after: z.string().nullable(),
  pages: z.number().int(),
  /** Lower bound of this window's ids. */
  fromId: z.string().nullable(),
  /** Highest id so far; null once the channel was seen not to sort by id. */
  lastId: z.string().nullable(),
});
type Cursor = z.infer<typeof Cursor>;
const start: Cursor = { after: null, pages: 0, fromId: null, lastId: "0" };

/**
 * Inventory items in pages: one listing an item at the account's location, its variants as aliases. At a further
 * location an item is a listing of its own where it has a level; orders name the first.
 */
export const createImportListings =
  (client: Client, locationsOf: LocationsOf, deps: Pick<ConnectorDeps, "log">) =>
  async (cursor: string | null, context: CallContext): Promise<Page<ImportedListing>> => {
    const at = cursor === null ? start : parseCursor(cursor);
    const locations = await locationsOf(context.signal);
    const variables = {
      first: inventoryPageSize,
      after: at.after,
      query: at.fromId === null ? null : `id:>=${at.fromId}`,
      location: locations.main,
    };
    const { data } = await client.call(
      { document: inventoryPage, variables, schema: InventoryPageAnswer },
      context.signal,
    );
    const { nodes, pageInfo } = data.inventoryItems;
    for (const node of nodes) {
      if (node.variants?.pageInfo.hasNextPage === true) deps.log.warn({ item: node.id }, "more variants than are read");
    }
    const items = nodes.map((node) => listingOf(node, locations.main));
    items.push(...(await furtherListings(client, nodes, locations, context.signal)));
    if (!pageInfo.hasNextPage) return { items, next: null, done: true };
    return { items, next: JSON.stringify(following(at, nodes, pageInfo.endCursor)), done: false };
  };

const parseCursor = (text: string): Cursor => {
  try {
    return Cursor.parse(JSON.parse(text));
  } catch (cause) {
    throw new ChannelError({ kind: "permanent", message: "an import cursor that is not ours", cause });
  }
};

const following = (at: Cursor, nodes: readonly ItemNode[], endCursor: string | null): Cursor => {
  let { lastId } = at;
  for (const node of nodes) {
    const id = numberOf(node.id);
    lastId = lastId !== null && BigInt(id) > BigInt(lastId) ? id : null;
  }
  if (at.pages + 1 < pagesInWindow) return { ...at, after: endCursor, pages: at.pages + 1, lastId };
  if (lastId === null) {
    throw new ChannelError({
      kind: "permanent",
      message: "items do not come in the order of their ids: cannot page past 25 000",
    });
  }
  return { after: null, pages: 0, fromId: String(BigInt(lastId) + 1n), lastId };
};

const furtherListings = async (
  client: Client,
  nodes: readonly ItemNode[],
  { main, all }: MappedLocations,
  signal: AbortSignal,
): Promise<readonly ImportedListing[]> => {
  const listings: ImportedListing[] = [];
  const itemGids = nodes.map(({ id }) => id);
  for (const locationGid of all.filter((gid) => gid !== main)) {
    const found = await readNodes(client, { locationGid, itemGids }, signal);
    for (const node of nodes) {
      const inventoryLevel = found.get(node.id)?.inventoryLevel ?? null;
      if (inventoryLevel === null) continue;
      const ref = levelRef({ itemGid: node.id, locationGid }, main);
      listings.push({ ...listingOf({ ...node, inventoryLevel }, locationGid), ref, aliases: [] });
    }
  }
  return listings;
};

const listingOf = (node: ItemNode, locationGid: string): ImportedListing => {
  const variants = node.variants?.nodes ?? [];
  const [first] = variants;
  const sku = node.sku === null || node.sku === "" ? null : node.sku;
  const isActive = node.inventoryLevel?.isActive ?? false;
  // UNLISTED products are sold through their direct link.
  const isOnSale = variants.some(({ product }) => product.status === "ACTIVE" || product.status === "UNLISTED");
  return {
    ref: node.id,
    details: {
      locationGid,
      variantGid: first?.id ?? null,
      tracked: node.tracked,
      isActive,
      inventoryPolicy: first?.inventoryPolicy ?? null,
      isBundle: variants.some(({ requiresComponents }) => requiresComponents),
    },
    aliases: [
      `inventory-item:${numberOf(node.id)}`,
      ...variants.map(({ id }) => `variant:${numberOf(id)}`),
      // A SKU is no key in Shopify: as a name it serves only while nobody else has it.
      ...(sku !== null && node.duplicateSkuCount === 0 ? [`sku:${sku}`] : []),
    ],
    channelSku: sku,
    title: first?.displayName ?? null,
    fulfilledBy: "merchant",
    status: isActive && isOnSale ? "active" : "inactive",
    units: availableOf(node, false).units,
  };
};
