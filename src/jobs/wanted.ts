import type { Queryable } from "../db/sql.ts";
import { levelsOf } from "../ledger/queries.ts";
import { recentSales } from "../ledger/recent-sales.ts";
import {
  type Allocation,
  type AllocationContext,
  allocate,
  type Component,
  type LevelFigures,
} from "../mapping/allocate.ts";
import { linksOf } from "../mapping/links.ts";
import { listingsById } from "../mapping/listings.ts";
import { type AllocationPolicy, choosePolicy, type PolicyBook } from "../mapping/policy.ts";
import { brakeOf, type HoldInForce, holdsOn } from "../sync/holds.ts";
import { type PastSale, type SalesPace, salesPace } from "../sync/sales-pace.ts";

/** What an account sells from, and how much of it. */
export type Shelf = PolicyBook & {
  readonly accountId?: string;
  readonly locationId: string;
  /** All locations whose stock counts; absent: `locationId` alone. */
  readonly locationIds?: readonly string[];
};

/** All that the number of one listing is made of, besides the units withheld while it sells. */
type Ingredients = {
  readonly components: readonly Component[];
  readonly policy: AllocationPolicy;
  readonly context: AllocationContext;
  readonly frozenBy: HoldInForce | undefined;
};

/** What a listing should show. `frozenBy`: nothing is pushed to it, whatever it should show. */
export type Wanted = Allocation & { readonly frozenBy: HoldInForce | undefined; readonly isHeldAtZero: boolean };

const ingredientsOf = async (
  on: Queryable,
  listingIds: readonly number[],
  shelf: Shelf,
): Promise<ReadonlyMap<number, Ingredients>> => {
  const links = await linksOf(on, listingIds);
  const locationIds = shelf.locationIds ?? [shelf.locationId];
  const namesListings = shelf.overrides?.some(({ listings }) => listings.length > 0) ?? false;
  const [levels, holds, named] = await Promise.all([
    levelsOf(on, [...new Set(links.map((link) => link.sku))]),
    holdsOn(on, listingIds),
    namesListings ? listingsById(on, listingIds) : [],
  ]);
  const levelsOfSku = Map.groupBy(levels, ({ sku }) => sku);
  const figuresOf = (sku: string, policy: AllocationPolicy): readonly LevelFigures[] =>
    (levelsOfSku.get(sku) ?? []).flatMap(({ locationId, onHand, reserved, incoming, version }) => {
      const figures = { locationId, onHand, reserved, incoming, version };
      if (locationIds.includes(locationId)) return [figures];
      const isNamed = policy.counts?.some((counted) => counted.locationId === locationId) ?? false;
      return isNamed ? [{ ...figures, onlyNamed: true as const }] : [];
    });
  const refs = new Map(named.map(({ id, ref }) => [id, ref]));
  return new Map(
    [...Map.groupBy(links, (link) => link.listingId)].map(([listingId, rows]) => {
      const skus = rows.map(({ sku }) => sku);
      const { policy, by } = choosePolicy(shelf, { ref: refs.get(listingId) ?? "", skus });
      const { zeroIds, frozenBy } = brakeOf(holds.get(listingId));
      const components = rows.map(({ sku, units }): Component => {
        return { sku, unitsEach: units, availableUnits: 0, levels: figuresOf(sku, policy) };
      });
      const whose = shelf.accountId === undefined ? {} : { accountId: shelf.accountId };
      return [listingId, { components, policy, frozenBy, context: { ...whose, by, zeroHoldIds: zeroIds } }] as const;
    }),
  );
};

const wantedOf = ({ components, policy, context, frozenBy }: Ingredients): Wanted => ({
  ...allocate(components, policy, context),
  frozenBy,
  isHeldAtZero: (context.zeroHoldIds ?? []).length > 0,
});

/**
 * What the listings should show, from the ledger as it is now: the stock at the account's locations, through the
 * listing's policy and its holds. A listing without links is absent: nobody has said what it sells, so nothing may be
 * pushed to it.
 */
export const wantedUnits = async (
  on: Queryable,
  listingIds: readonly number[],
  shelf: Shelf,
): Promise<ReadonlyMap<number, Wanted>> =>
  new Map([...(await ingredientsOf(on, listingIds, shelf))].map(([id, ingredients]) => [id, wantedOf(ingredients)]));

/** What is wanted, and how far a write may go towards it while the listing's SKUs are selling. */
export type Careful = {
  readonly wanted: Wanted;
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
  if (listingIds.length === 0) return new Map();
  const ingredients = await ingredientsOf(on, listingIds, plan);
  const skus = [...new Set([...ingredients.values()].flatMap(({ components }) => components.map(({ sku }) => sku)))];
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
    [...ingredients].map(([listingId, of]) => {
      const paced = of.components.map((part) => ({ part, ...pacesOf(part.sku) }));
      const wanted = wantedOf(of);
      const raiseTo = paced.map(({ part, raising }) => ({ ...part, withheldUnits: withheld(raising) }));
      const lowerTo = paced.map(({ part, lowering }) => ({ ...part, withheldUnits: withheld(lowering) }));
      const careful: Careful = {
        wanted,
        raiseTo: allocate(raiseTo, of.policy, of.context),
        lowerTo: given.comparesAndSets ? wanted : allocate(lowerTo, of.policy, of.context),
        quietAtMs: Math.max(...paced.map(({ raising }) => raising.quietAtMs)),
      };
      return [listingId, careful] as const;
    }),
  );
};
