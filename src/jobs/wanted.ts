import type { Queryable } from "../db/sql.ts";
import { levelsOf } from "../ledger/queries.ts";
import { type Allocation, type AllocationPolicy, allocate } from "../mapping/allocate.ts";
import { linksOf } from "../mapping/links.ts";

/**
 * What the listings should show, from the ledger as it is now: the stock at the account's location, through its policy. A listing without links is absent: nobody has said what
 * it sells, so nothing may be pushed to it.
 */
export const wantedUnits = async (
  on: Queryable,
  listingIds: readonly number[],
  plan: { readonly locationId: string; readonly policy: AllocationPolicy },
): Promise<ReadonlyMap<number, Allocation>> => {
  const links = await linksOf(on, listingIds);
  const levels = await levelsOf(on, [...new Set(links.map((link) => link.sku))]);
  const availableUnits = new Map<string, number>();
  for (const level of levels) if (level.locationId === plan.locationId) availableUnits.set(level.sku, level.available);
  const byListing = Map.groupBy(links, (link) => link.listingId);
  return new Map(
    [...byListing].map(([listingId, components]) => [
      listingId,
      allocate(
        components.map(({ sku, units }) => ({ sku, unitsEach: units, availableUnits: availableUnits.get(sku) ?? 0 })),
        plan.policy,
      ),
    ]),
  );
};
