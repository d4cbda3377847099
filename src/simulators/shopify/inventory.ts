export type Location = {
  readonly position: number;
  readonly locationId: string;
  /** The number in an InventoryLevel's id: one a location, and not the location's own (channel document §5). */
  readonly levelNumber: string;
  readonly name: string;
};

export type Level = {
  readonly location: Location;
  available: number;
  committed: number;
  /** An inactive level keeps its quantities and sells nothing. */
  active: boolean;
  readonly createdMs: number;
  updatedMs: number;
};

export type ItemShape = {
  tracked: boolean;
  /** A bundle's parent: its quantity is its components' and cannot be set. */
  bundle: boolean;
  /** Gone from the shop; orders of it stay, without a variant. */
  deleted: boolean;
};

/** One product with one variant with one inventory item: what the seller lists. */
export type Listing = {
  readonly position: number;
  readonly sku: string;
  readonly title: string;
  readonly itemId: string;
  readonly variantId: string;
  readonly productId: string;
  readonly createdMs: number;
  updatedMs: number;
  readonly shape: ItemShape;
  /** By location id, in the shop's order of locations. */
  readonly levels: Map<string, Level>;
};

/** The other five states (reserved, damaged, …) are always 0 here, so they add nothing. */
export const onHand = (level: Level): number => level.available + level.committed;

export const activeLevels = (listing: Listing): readonly Level[] =>
  [...listing.levels.values()].filter((level) => level.active);

/** What buyers can buy: the active levels' sum. */
export const sellableUnits = (listing: Listing): number =>
  activeLevels(listing).reduce((sum, level) => sum + level.available, 0);

type NewListing = Pick<Listing, "sku" | "title" | "itemId" | "variantId" | "productId"> & { readonly units: number };

/** A listing as the seller creates it: tracked, and active at one location. */
export const newListing = (
  { sku, title, itemId, variantId, productId, units }: NewListing,
  { position, location, atMs }: { readonly position: number; readonly location: Location; readonly atMs: number },
): Listing => {
  const level: Level = { location, available: units, committed: 0, active: true, createdMs: atMs, updatedMs: atMs };
  return {
    position,
    sku,
    title,
    itemId,
    variantId,
    productId,
    createdMs: atMs,
    updatedMs: atMs,
    shape: { tracked: true, bundle: false, deleted: false },
    levels: new Map([[location.locationId, level]]),
  };
};
