import type { MappedLocations } from "./location.ts";

/** What a listing is on Shopify: the level of an inventory item at a location. */
export type Level = { readonly itemGid: string; readonly locationGid: string };

/**
 * A level's ref. At the account's main location it is the item's gid alone, as it has been since the first import; at a
 * further one the location follows: `gid://shopify/InventoryItem/1@gid://shopify/Location/2`.
 */
export const levelRef = ({ itemGid, locationGid }: Level, main: string): string =>
  locationGid === main ? itemGid : `${itemGid}@${locationGid}`;

/** undefined: a location that the account does not map, or no longer does; its level is neither read nor written. */
export const levelOf = (ref: string, { main, all }: MappedLocations): Level | undefined => {
  const [itemGid = "", locationGid = main] = ref.split("@");
  return all.includes(locationGid) ? { itemGid, locationGid } : undefined;
};

export const unmappedReason = "its location is none of the account's";
