import type { Queryable } from "../db/sql.ts";
import { levelsOf } from "../ledger/queries.ts";
import { recentSales } from "../ledger/recent-sales.ts";
import { type Allocation, type AllocationPolicy, allocate, type Component } from "../mapping/allocate.ts";
import { linksOf } from "../mapping/links.ts";
import { type PastSale, type SalesPace, salesPace } from "../sync/sales-pace.ts";

type Shelf = { readonly locationId: string; readonly policy: AllocationPolicy };

const componentsOf = async (
  on: Queryable,
  listingIds: readonly number[],
  locationId: string,
): Promise<ReadonlyMap<number, readonly Component[]>> => {
  const links = await linksOf(on, listingIds);
  const levels = await levelsOf(on, [...new Set(links.map((link) => link.sku))]);
  const availableUnits = new Map<string, number>();
  for (const level of levels) if (level.locationId === locationId) availableUnits.set(level.sku, level.available);
  return new Map(
    [...Map.groupBy(links, (link) => link.listingId)].map(([listingId, rows]) => [
      listingId,
      rows.map(({ sku, units }) => ({ sku, unitsEach: units, availableUnits: availableUnits.get(sku) ?? 0 })),
    ]),
  );
};

/**
 * What the listings should show, from the ledger as it is now: the stock at the account's location, through its policy.
 * A listing without links is absent: nobody has said what it sells, so nothing may be pushed to it.
 */
export const wantedUnits = async (
  on: Queryable,
  listingIds: readonly number[],
  { locationId, policy }: Shelf,
): Promise<ReadonlyMap<number, Allocation>> =>
  new Map(
    [...(await componentsOf(on, listingIds, locationId))].map(([id, components]) => [id, allocate(components, policy)]),
  );

/** What is wanted, and how far a write may go towards it while the listing's SKUs are selling. */
export type Careful = {
  readonly wanted: Allocation;
  readonly lowerTo: Allocation;
  readonly raiseTo: Allocation;
  /** Epoch ms from which nothing is withheld any more, if nothing more is sold. */
  readonly quietAtMs: number;
};

/** A sale may slip in between the read before a write and the write: on channels that cannot compare, it is overwritten. */
const writeGapMs = 5_000;
const memoryMs = 24 * 60 * 60_000;
/** A careful lowering only costs another raise, so it remembers sales for longer than raises do. */
const lowerMemoryQuiets = 10;

/**
 * The same with the units withheld that may be selling unseen just now, measured from the SKUs' last sales on all
 * accounts: a raise withholds what may have been sold until its orders are known; a lowering what may be sold here
 * between our read and our write, and nothing where the channel compares before it sets. Sales elsewhere tell what may be
 * bought here, too. `quietMs`: 0 = never withhold.
 */
export const carefulWanted = async (
  on: Queryable,
  listingIds: readonly number[],
  plan: Shelf & { readonly quietMs: number },
  given: { readonly nowMs: number; readonly comparesAndSets: boolean },
): Promise<ReadonlyMap<number, Careful>> => {
  const components = await componentsOf(on, listingIds, plan.locationId);
  const skus = [...new Set([...components.values()].flat().map(({ sku }) => sku))];
  const since = new Date(given.nowMs - memoryMs).toISOString();
  const sales = plan.quietMs > 0 ? Map.groupBy(await recentSales(on, skus, since), ({ sku }) => sku) : new Map();
  const pacesOf = (sku: string): { readonly raising: SalesPace; readonly lowering: SalesPace } => {
    const past: readonly PastSale[] = sales.get(sku) ?? [];
    return {
      raising: salesPace(past, { windowMs: plan.quietMs / 2, quietMs: plan.quietMs }),
      lowering: salesPace(past, { windowMs: writeGapMs, quietMs: plan.quietMs * lowerMemoryQuiets }),
    };
  };
  const withheld = (pace: SalesPace): number => (given.nowMs < pace.quietAtMs ? pace.burstUnits : 0);
  return new Map(
    [...components].map(([listingId, parts]) => {
      const paced = parts.map((part) => ({ part, ...pacesOf(part.sku) }));
      const wanted = allocate(parts, plan.policy);
      const raiseTo = paced.map(({ part, raising }) => ({ ...part, withheldUnits: withheld(raising) }));
      const lowerTo = paced.map(({ part, lowering }) => ({ ...part, withheldUnits: withheld(lowering) }));
      const careful: Careful = {
        wanted,
        raiseTo: allocate(raiseTo, plan.policy),
        lowerTo: given.comparesAndSets ? wanted : allocate(lowerTo, plan.policy),
        quietAtMs: Math.max(...paced.map(({ raising }) => raising.quietAtMs)),
      };
      return [listingId, careful] as const;
    }),
  );
};
