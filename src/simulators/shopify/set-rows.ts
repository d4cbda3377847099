import type { UserError } from "./idempotency.ts";
import { type Listing, type Location, onHand } from "./inventory.ts";

export type WantedRow = {
  readonly itemId: string;
  readonly locationGid: string;
  /** undefined: the shop does not know it. */
  readonly listing: Listing | undefined;
  readonly location: Location | undefined;
  readonly quantity: number;
  /** null: written whatever is there. */
  readonly changeFrom: number | null;
};

const quantityMax = 1_000_000_000;

/** What is wrong with the rows of a batch; any complaint refuses the whole of it (recorded wordings and codes). */
export const rowErrors = (rows: readonly WantedRow[], name: "available" | "on_hand"): readonly UserError[] => {
  const pairs = new Map<string, number>();
  for (const row of rows) {
    const pair = `${row.itemId} ${row.locationGid}`;
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  return rows.flatMap((row, index) => {
    const problems = rowProblems(row, name);
    if ((pairs.get(`${row.itemId} ${row.locationGid}`) ?? 0) > 1) problems.push(duplicate);
    return problems.map(({ argument, message, code }) => ({
      // The index is a string (recorded).
      field: ["input", "quantities", String(index), argument],
      message,
      code,
    }));
  });
};

type Problem = { readonly argument: string; readonly message: string; readonly code: string };

const duplicate: Problem = {
  argument: "locationId",
  message: "The combination of inventoryItemId and locationId must be unique.",
  code: "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
};

const rowProblems = (row: WantedRow, name: "available" | "on_hand"): Problem[] => {
  const { listing, location, quantity, changeFrom } = row;
  const problems: Problem[] = [];
  const add = (argument: string, code: string, message: string): void => {
    problems.push({ argument, message, code });
  };
  if (listing === undefined) {
    add("inventoryItemId", "INVALID_INVENTORY_ITEM", "The specified inventory item could not be found.");
  }
  if (listing?.shape.bundle === true) {
    // The code is the schema's; its wording is not recorded.
    add("inventoryItemId", "NON_MUTABLE_INVENTORY_ITEM", "The specified inventory item is not allowed to be adjusted.");
  }
  if (location === undefined) add("locationId", "INVALID_LOCATION", "The specified location could not be found.");
  if (quantity > quantityMax) {
    add("quantity", "INVALID_QUANTITY_TOO_HIGH", "The quantity can't be higher than 1,000,000,000.");
  }
  // A negative available is accepted (recorded −5); a negative on hand is not.
  if (name === "on_hand" && quantity < 0) {
    add("quantity", "INVALID_QUANTITY_NEGATIVE", "The quantity can't be negative.");
  } else if (quantity < -quantityMax) {
    add("quantity", "INVALID_QUANTITY_TOO_LOW", "The quantity can't be lower than -1,000,000,000.");
  }
  if (listing === undefined || location === undefined || changeFrom === null) return problems;
  const level = listing.levels.get(location.locationId);
  const persisted = level === undefined ? 0 : name === "available" ? level.available : onHand(level);
  if (changeFrom !== persisted) {
    add(
      "changeFromQuantity",
      "CHANGE_FROM_QUANTITY_STALE",
      "The changeFromQuantity value does not match persisted value.",
    );
  }
  return problems;
};
