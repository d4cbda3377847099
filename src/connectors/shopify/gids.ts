import { z } from "zod";

/** `gid://shopify/<type>/<number>`: the number stays a string, it may lie beyond 2^53. */
export const gid = (type: "InventoryItem" | "Order" | "Location" | "ProductVariant", id: string): string =>
  `gid://shopify/${type}/${id}`;

/** The number of a gid, without the type and without the `?inventory_item_id=` some carry. */
export const numberOf = (id: string): string => /\/(\d+)(?:\?|$)/.exec(id)?.[1] ?? id;

export const isNumericId = (id: string): boolean => /^\d+$/.test(id);

/** Any ISO 8601 time (webhooks carry the shop's offset, some carry nanoseconds) as UTC with milliseconds. */
export const IsoTime = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), "must be an ISO 8601 time")
  .transform((text) => new Date(text).toISOString());
