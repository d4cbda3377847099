import { z } from "zod";
import type { Entry } from "./entries.ts";
import { parseGid } from "./identifiers.ts";
import { activeLevels, type Level, type Listing } from "./inventory.ts";
import type { FieldFunction, View } from "./views.ts";
import type { World } from "./world.ts";

const Input = z.object({ inventoryLevelId: z.string() });

/** `inventoryDeactivate` (channel document §4.4): the level keeps its quantities and sells none. Words as recorded. */
export const createDeactivate =
  (deps: {
    readonly world: World;
    readonly now: () => number;
    readonly commit: (entry: Entry) => void;
    readonly announceDisconnect: (listing: Listing, level: Level) => void;
  }): FieldFunction =>
  (args) => {
    const level = parseGid(Input.parse(args).inventoryLevelId);
    const listing = deps.world.itemNamed(level?.parameters.get("inventory_item_id") ?? "");
    if (listing === undefined) return refused("because the product was deleted");
    const held = [...listing.levels.values()].find(({ location }) => location.levelNumber === level?.id);
    if (held === undefined) return refused("because the location was deleted");
    if (held.active && activeLevels(listing).length === 1) {
      return refused(`from ${held.location.name} because products need to be stocked at a minimum of 1 location`);
    }
    if (held.active) {
      const { locationId } = held.location;
      deps.commit({ kind: "deactivated", atMs: deps.now(), itemId: listing.itemId, locationId });
      deps.announceDisconnect(listing, held);
    }
    return { __typename: "InventoryDeactivatePayload", userErrors: [] };
  };

const refused = (why: string): View => ({
  __typename: "InventoryDeactivatePayload",
  userErrors: [{ field: null, message: `The product couldn't be unstocked ${why}.` }],
});
