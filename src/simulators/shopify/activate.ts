import { z } from "zod";
import type { Entry } from "./entries.ts";
import { type Idempotency, requiredKey } from "./idempotency.ts";
import { parseGid } from "./identifiers.ts";
import type { Listing } from "./inventory.ts";
import type { InventoryViews } from "./inventory-views.ts";
import type { FieldFunction, View } from "./views.ts";
import type { World } from "./world.ts";

const Input = z.object({
  inventoryItemId: z.string(),
  locationId: z.string(),
  available: z.number().nullish(),
  onHand: z.number().nullish(),
});
const quantityMax = 1_000_000_000;

/**
 * `inventoryActivate` (channel document §4.4): an active level stays as it is; an inactive one gets its kept quantity
 * back. `available` is ignored, `onHand` honoured on a level's first activation (recorded).
 */
export const createActivate =
  (deps: {
    readonly world: World;
    readonly inventory: InventoryViews;
    readonly now: () => number;
    readonly checkKey: Idempotency;
    readonly commit: (
      entry: Entry,
      levels: readonly { readonly listing: Listing; readonly locationId: string }[],
    ) => void;
  }): FieldFunction =>
  (args, _execution, info) => {
    const key = requiredKey(info);
    const { inventoryItemId, locationId: locationGid, available, onHand } = Input.parse(args);
    const mismatch = deps.checkKey(key, args, info);
    if (mismatch !== undefined) return answer(null, [mismatch]);
    const listing = deps.world.itemNamed(parseGid(inventoryItemId)?.id ?? "");
    const location = deps.world.locations.find(({ locationId }) => locationId === parseGid(locationGid)?.id);
    if (listing === undefined) return answer(null, [notFound("inventoryItemId", "inventory item")]);
    if (location === undefined) return answer(null, [notFound("locationId", "location")]);
    const given = Object.entries({ available, onHand }).filter(([, units]) => units !== undefined && units !== null);
    const refused = (why: string): readonly Complaint[] =>
      given.map(([field]) => ({
        field: [field],
        message: `The product couldn't be stocked at ${location.name} because ${why}.`,
      }));
    if (given.length === 2) {
      return answer(null, refused("not allowed to set available and on_hand quantities at the same time"));
    }
    if (given.some(([, units]) => Math.abs(Number(units)) > quantityMax)) {
      return answer(null, refused("the quantity needs to be between -1 billion and 1 billion"));
    }
    const held = listing.levels.get(location.locationId);
    if (held?.active === true) {
      const complaints = given.map(([field]) => ({
        field: [field],
        message: `Not allowed to set ${field === "available" ? "available" : "an on_hand"} quantity when the item is already active at the location.`,
      }));
      return answer(deps.inventory.level({ listing, level: held }), complaints);
    }
    const seeded = held === undefined ? (onHand ?? null) : null;
    const { itemId } = listing;
    const { locationId } = location;
    deps.commit({ kind: "activated", atMs: deps.now(), itemId, locationId, available: seeded }, [
      { listing, locationId },
    ]);
    const level = listing.levels.get(locationId);
    return answer(level === undefined ? null : deps.inventory.level({ listing, level }), []);
  };

type Complaint = { readonly field: readonly string[] | null; readonly message: string };

const answer = (inventoryLevel: View | null, userErrors: readonly Complaint[]): View => ({
  __typename: "InventoryActivatePayload",
  inventoryLevel,
  userErrors,
});

const notFound = (argument: string, what: string): Complaint => ({
  field: [argument],
  message: `The product couldn't be stocked because the ${what} was not found.`,
});
