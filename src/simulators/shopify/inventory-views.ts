import { responsePathAsArray } from "graphql";
import { z } from "zod";
import { gid, parseGid } from "./identifiers.ts";
import { activeLevels, type Level, type Listing, type Location, onHand, sellableUnits } from "./inventory.ts";
import { connection, listSource, type Source } from "./paging.ts";
import { byNumber, byText, byTime, parseSearch, type SearchFields, searchPredicate } from "./search.ts";
import { utcSeconds } from "./times.ts";
import type { Arguments, FieldFunction, View } from "./views.ts";

import type { World } from "./world.ts";

type Held = { readonly listing: Listing; readonly level: Level };

const quantityNames = [
  "available",
  "committed",
  "incoming",
  "on_hand",
  "reserved",
  "damaged",
  "safety_stock",
  "quality_control",
] as const;
const Names = z.object({ names: z.array(z.string()) });
const LevelArguments = z.object({ includeInactive: z.boolean().nullish() });
const LocationOfLevel = z.object({ locationId: z.string(), includeInactive: z.boolean().nullish() });
const ItemOfLevel = z.object({ inventoryItemId: z.string(), includeInactive: z.boolean().nullish() });
const Query = z.object({ query: z.string().nullish() });

const levelId = ({ listing, level }: Held): string =>
  `${gid("InventoryLevel", level.location.levelNumber)}?inventory_item_id=${listing.itemId}`;

/** Locations, inventory items and levels, variants and products, as GraphQL shows them. */
export const createInventoryViews = (world: World) => {
  const level = ({ listing, level: held }: Held): View => ({
    __typename: "InventoryLevel",
    id: levelId({ listing, level: held }),
    isActive: held.active,
    createdAt: utcSeconds(held.createdMs),
    updatedAt: utcSeconds(held.updatedMs),
    canDeactivate: held.active && activeLevels(listing).length > 1 && held.committed === 0,
    item: () => item(listing),
    location: () => location(held.location),
    quantities: (args: Arguments) => Names.parse(args).names.map((name) => quantity({ listing, level: held }, name)),
  });

  const item = (listing: Listing): View => ({
    __typename: "InventoryItem",
    id: gid("InventoryItem", listing.itemId),
    legacyResourceId: listing.itemId,
    sku: listing.sku,
    tracked: listing.shape.tracked,
    requiresShipping: true,
    duplicateSkuCount: 0,
    createdAt: utcSeconds(listing.createdMs),
    updatedAt: utcSeconds(listing.updatedMs),
    locationsCount: () => ({ count: activeLevels(listing).length, precision: "EXACT" }),
    variant: () => variant(listing),
    variants: (args: Arguments) => connection("ProductVariant", args, positions([listing]), variant),
    inventoryLevel: (args: Arguments) => {
      const wanted = LocationOfLevel.parse(args);
      const held = listing.levels.get(parseGid(wanted.locationId)?.id ?? "");
      return held === undefined || !(held.active || wanted.includeInactive === true)
        ? null
        : level({ listing, level: held });
    },
    inventoryLevels: levelsField([listing], () => true),
  });

  const location = (given: Location): View => ({
    __typename: "Location",
    id: gid("Location", given.locationId),
    legacyResourceId: given.locationId,
    name: given.name,
    isActive: true,
    isFulfillmentService: false,
    isPrimary: given.position === 0,
    fulfillsOnlineOrders: true,
    shipsInventory: true,
    hasActiveInventory: () => world.listings.some((listing) => listing.levels.get(given.locationId)?.active === true),
    inventoryLevel: (args: Arguments) => {
      const wanted = ItemOfLevel.parse(args);
      const listing = world.listingByItem.get(parseGid(wanted.inventoryItemId)?.id ?? "");
      const held = listing?.levels.get(given.locationId);
      if (listing === undefined || held === undefined || !(held.active || wanted.includeInactive === true)) return null;
      return level({ listing, level: held });
    },
    inventoryLevels: levelsField(world.listings, (held) => held.level.location === given),
  });

  const levelsField =
    (listings: readonly Listing[], belongs: (held: Held) => boolean): FieldFunction =>
    (args, execution, info) => {
      const { includeInactive } = LevelArguments.parse(args);
      const query = Query.parse(args).query ?? "";
      const matches = searchPredicate(parseSearch(query), levelSearch, {
        query,
        path: responsePathAsArray(info.path),
        execution,
      });
      const all = listings.flatMap((listing) =>
        [...listing.levels.values()]
          .toSorted((a, b) => a.location.position - b.location.position)
          .map((held) => ({ listing, level: held })),
      );
      const wanted = all.filter(
        (held) => (held.level.active || includeInactive === true) && belongs(held) && matches(held),
      );
      return connection("InventoryLevel", args, levelSource(wanted), level);
    };

  const variant = (listing: Listing): View => ({
    __typename: "ProductVariant",
    id: gid("ProductVariant", listing.variantId),
    legacyResourceId: listing.variantId,
    sku: listing.sku,
    title: "Default Title",
    displayName: `${listing.title} - Default Title`,
    position: 1,
    barcode: null,
    price: "10.00",
    inventoryPolicy: "DENY",
    inventoryQuantity: sellableUnits(listing),
    sellableOnlineQuantity: sellableUnits(listing),
    availableForSale: sellableUnits(listing) > 0,
    requiresComponents: listing.shape.bundle,
    createdAt: utcSeconds(listing.createdMs),
    updatedAt: utcSeconds(listing.updatedMs),
    inventoryItem: () => item(listing),
    product: () => product(listing),
  });

  const product = (listing: Listing): View => ({
    __typename: "Product",
    id: gid("Product", listing.productId),
    legacyResourceId: listing.productId,
    title: listing.title,
    handle: `product-${listing.productId}`,
    status: "ACTIVE",
    productType: "",
    vendor: "Lockstep Demo",
    hasOnlyDefaultVariant: true,
    tracksInventory: listing.shape.tracked,
    totalInventory: sellableUnits(listing),
    createdAt: utcSeconds(listing.createdMs),
    updatedAt: utcSeconds(listing.updatedMs),
    variantsCount: () => ({ count: 1, precision: "EXACT" }),
    variants: (args: Arguments) => connection("ProductVariant", args, positions([listing]), variant),
  });

  const listingsField =
    (typename: string, show: (listing: Listing) => View): FieldFunction =>
    (args, execution, info) => {
      const query = Query.parse(args).query ?? "";
      const terms = parseSearch(query);
      const matches = searchPredicate(terms, listingSearch(typename), {
        query,
        path: responsePathAsArray(info.path),
        execution,
      });
      const here = world.listings.filter(({ shape }) => !shape.deleted);
      const listings = terms.length === 0 ? here : here.filter(matches);
      return connection(typename, args, positions(listings), show);
    };

  return {
    level,
    item,
    location,
    variant,
    product,
    items: listingsField("InventoryItem", item),
    variants: listingsField("ProductVariant", variant),
    products: listingsField("Product", product),
  };
};
export type InventoryViews = ReturnType<typeof createInventoryViews>;

/** In the order of creation; their place there is the cursor, so a page starts without counting what lies before. */
const positions = (listings: readonly Listing[]): Source<Listing> => ({
  ...listSource(
    listings,
    (listing) => listing.position,
    (listing) => listing.itemId,
  ),
  *scan({ from, to, descending }) {
    const step = descending ? -1 : 1;
    let index = descending ? listings.length - 1 : 0;
    // Unfiltered, a listing's place is its index: jump there.
    if (from !== null && listings[from]?.position === from) index = from + step;
    for (; index >= 0 && index < listings.length; index += step) {
      const listing = listings[index];
      if (listing === undefined) return;
      if (from !== null && (descending ? listing.position >= from : listing.position <= from)) continue;
      if (to !== null && (descending ? listing.position <= to : listing.position >= to)) return;
      yield listing;
    }
  },
});

const levelSource = (held: readonly Held[]): Source<Held> =>
  listSource(
    held,
    ({ listing, level }) => listing.position * 1_000 + level.location.position,
    ({ level }) => level.location.levelNumber,
  );

const levelSearch: SearchFields<Held> = {
  updated_at: byTime(({ level }) => level.updatedMs),
  created_at: byTime(({ level }) => level.createdMs),
  inventory_item_id: byNumber(({ listing }) => listing.itemId),
  inventory_group_id: byNumber(({ listing }) => listing.itemId),
};

const listingSearch = (typename: string): SearchFields<Listing> => ({
  updated_at: byTime((listing) => listing.updatedMs),
  created_at: byTime((listing) => listing.createdMs),
  sku: byText((listing) => listing.sku),
  title: byText((listing) => listing.title),
  ...(typename === "ProductVariant" ? { product_id: byNumber((listing) => listing.productId) } : {}),
  id: byNumber((listing) =>
    typename === "InventoryItem" ? listing.itemId : typename === "Product" ? listing.productId : listing.variantId,
  ),
});

/** Only `available` carries a time (recorded); an unknown name is refused. */
const quantity = ({ listing, level }: Held, name: string): View => {
  const known = quantityNames.find((candidate) => candidate === name);
  const value =
    known === "available"
      ? level.available
      : known === "committed"
        ? level.committed
        : known === "on_hand"
          ? onHand(level)
          : known === undefined
            ? undefined
            : 0;
  if (value === undefined) throw new Error(`The specified quantity name is invalid: ${name}.`);
  return {
    __typename: "InventoryQuantity",
    id: `${gid("InventoryQuantity", level.location.levelNumber)}?inventory_item_id=${listing.itemId}&name=${name}`,
    name,
    quantity: value,
    updatedAt: name === "available" || name === "committed" ? utcSeconds(level.updatedMs) : null,
  };
};
