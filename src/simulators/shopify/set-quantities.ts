import { type GraphQLResolveInfo, Kind } from "graphql";
import { z } from "zod";
import type { Entry, SetRow } from "./entries.ts";
import { type Idempotency, requiredKey, type UserError } from "./idempotency.ts";
import { gid, type IdSource, parseGid } from "./identifiers.ts";
import type { Listing } from "./inventory.ts";
import type { InventoryViews } from "./inventory-views.ts";
import { inputSizeMax, inputTooLong, refusal } from "./refusals.ts";
import { rowErrors, type WantedRow } from "./set-rows.ts";
import { utcSeconds } from "./times.ts";
import type { Arguments, FieldFunction, View } from "./views.ts";
import type { World } from "./world.ts";

const reasons = [
  "correction",
  "cycle_count_available",
  "damaged",
  "movement_canceled",
  "movement_created",
  "movement_received",
  "movement_updated",
  "other",
  "promotion",
  "quality_control",
  "received",
  "reservation_created",
  "reservation_deleted",
  "reservation_updated",
  "restock",
  "safety_stock",
  "shrinkage",
];

const Input = z.object({
  name: z.string(),
  reason: z.string(),
  referenceDocumentUri: z.string().nullish(),
  quantities: z.array(
    z.object({
      inventoryItemId: z.string(),
      locationId: z.string(),
      quantity: z.number(),
      changeFromQuantity: z.number().nullish(),
    }),
  ),
});
type Input = z.infer<typeof Input>;
const ChangeArguments = z.object({
  inventoryItemIds: z.array(z.string()).nullish(),
  locationIds: z.array(z.string()).nullish(),
  quantityNames: z.array(z.string()).nullish(),
});

type Change = { readonly name: string; readonly delta: number; readonly listing: Listing; readonly locationId: string };

export type SetDeps = {
  readonly world: World;
  readonly inventory: InventoryViews;
  readonly ids: IdSource;
  readonly now: () => number;
  readonly checkKey: Idempotency;
  readonly commit: (
    entry: Entry,
    levels: readonly { readonly listing: Listing; readonly locationId: string }[],
  ) => void;
};

/** `inventorySetQuantities` (channel document §4.1): all rows or none, compare-and-set a row. Applied at once. */
export const createSetQuantities =
  (deps: SetDeps): FieldFunction =>
  (args, _execution, info) => {
    const key = requiredKey(info);
    const { input } = z.object({ input: Input }).parse(args);
    requireComparison(input, info);
    if (input.quantities.length > inputSizeMax) throw inputTooLong("quantities", input.quantities.length);
    const mismatch = deps.checkKey(key, args, info);
    const errors = mismatch === undefined ? inputErrors(input) : [mismatch];
    const rows = input.quantities.map((row) => wantedRow(deps.world, row));
    if (errors.length === 0) errors.push(...rowErrors(rows, input.name === "on_hand" ? "on_hand" : "available"));
    if (errors.length > 0) return payload(null, errors);
    return payload(apply(deps, input, rows), []);
  };

const payload = (group: View | null, userErrors: readonly UserError[]): View => ({
  __typename: "InventorySetQuantitiesPayload",
  inventoryAdjustmentGroup: group,
  userErrors,
});

/** The argument must be there, be it null: leaving it out is an error that the schema does not know (recorded). */
const requireComparison = (input: Input, info: GraphQLResolveInfo): void => {
  if (input.quantities.every((row) => row.changeFromQuantity !== undefined)) return;
  const field = info.fieldNodes[0];
  const value = field?.arguments?.find((argument) => argument.name.value === "input")?.value;
  const declaration =
    value?.kind === Kind.VARIABLE
      ? info.operation.variableDefinitions?.find(({ variable }) => variable.name.value === value.name.value)
      : undefined;
  throw refusal(
    "INVALID_FIELD_ARGUMENTS",
    "InventoryQuantityInput must include the following argument: changeFromQuantity.",
    [field, declaration].filter((node) => node !== undefined),
  );
};

const inputErrors = (input: Input): UserError[] => {
  const errors: UserError[] = [];
  if (input.name !== "available" && input.name !== "on_hand") {
    const message = "The quantity name must be either 'available' or 'on_hand'.";
    errors.push({ field: ["input", "name"], message, code: "INVALID_NAME" });
  }
  if (!reasons.includes(input.reason)) {
    const message = `The specified reason is invalid. Valid values are: ${reasons.join(", ")}.`;
    errors.push({ field: ["input", "reason"], message, code: "INVALID_REASON" });
  }
  const uri = input.referenceDocumentUri;
  if (typeof uri === "string" && !/^[a-z][a-z0-9+.-]*:\/\/.+/i.test(uri)) {
    const message = "The specified reference document is invalid.";
    errors.push({ field: ["input", "referenceDocumentUri"], message, code: "INVALID_REFERENCE_DOCUMENT" });
  }
  return errors;
};

const wantedRow = (world: World, row: Input["quantities"][number]): WantedRow => {
  const item = parseGid(row.inventoryItemId);
  const location = parseGid(row.locationId);
  return {
    itemId: row.inventoryItemId,
    locationGid: row.locationId,
    listing: item?.type === "InventoryItem" ? world.itemNamed(item.id) : undefined,
    location: world.locations.find(({ locationId }) => location?.type === "Location" && locationId === location.id),
    quantity: row.quantity,
    changeFrom: row.changeFromQuantity ?? null,
  };
};

/** Null when nothing changes: that is success too (recorded). */
const apply = (deps: SetDeps, input: Input, rows: readonly WantedRow[]): View | null => {
  const changes: Change[] = [];
  const sets: SetRow[] = [];
  for (const { listing, location, quantity } of rows) {
    if (listing === undefined || location === undefined) continue;
    const { locationId } = location;
    const level = listing.levels.get(locationId);
    const before = level?.available ?? 0;
    const available = input.name === "on_hand" ? quantity - (level?.committed ?? 0) : quantity;
    const delta = available - before;
    if (delta === 0) continue;
    sets.push({ itemId: listing.itemId, locationId, available });
    // What is available is on hand as well, so each change has two rows (recorded).
    for (const name of ["available", "on_hand"]) changes.push({ name, delta, listing, locationId });
  }
  if (sets.length === 0) return null;
  const atMs = deps.now();
  const groupId = deps.ids("group", deps.world.sequence);
  const moved = changes.filter(({ name }) => name === "available");
  deps.commit({ kind: "set", atMs, by: "software", rows: sets }, moved);
  return groupView(deps, input, { groupId, atMs, changes });
};

const groupView = (
  deps: SetDeps,
  input: Input,
  group: { readonly groupId: string; readonly atMs: number; readonly changes: readonly Change[] },
): View => ({
  __typename: "InventoryAdjustmentGroup",
  id: gid("InventoryAdjustmentGroup", group.groupId),
  createdAt: utcSeconds(group.atMs),
  reason: input.reason,
  referenceDocumentUri: input.referenceDocumentUri ?? null,
  changes: (args: Arguments) => {
    const { inventoryItemIds, locationIds, quantityNames } = ChangeArguments.parse(args);
    return group.changes
      .filter(({ name }) => quantityNames?.includes(name) ?? true)
      .filter(({ listing }) => inventoryItemIds?.includes(gid("InventoryItem", listing.itemId)) ?? true)
      .filter(({ locationId }) => locationIds?.includes(gid("Location", locationId)) ?? true)
      .map(({ name, delta, listing, locationId }) => ({
        __typename: "InventoryChange",
        name,
        delta,
        // Null in every recording, although the schema promises a number.
        quantityAfterChange: null,
        ledgerDocumentUri: null,
        item: () => deps.inventory.item(listing),
        location: () => {
          const location = deps.world.locations.find((candidate) => candidate.locationId === locationId);
          return location === undefined ? null : deps.inventory.location(location);
        },
      }));
  },
});
