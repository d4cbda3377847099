import { assertNever } from "../core/failure.ts";
import { type AllocationPolicy, type CountedFigure, policyVersion, showEverything, tierOf } from "./policy.ts";

export { type AllocationPolicy, showEverything };

/** Stock of a SKU at one location that an account sells from, as it was when the number was made. */
export type LevelFigures = {
  readonly locationId: string;
  readonly onHand: number;
  readonly reserved: number;
  readonly incoming: number;
  /** The level's version: which movement made it so. */
  readonly version: number;
  /** The account does not sell from there: it counts only where the policy names it. */
  readonly onlyNamed?: true;
};

/** One SKU that a listing sells, and how many of it one unit of the listing takes. */
export type Component = {
  readonly sku: string;
  readonly unitsEach: number;
  /** Ignored when `levels` are given. */
  readonly availableUnits: number;
  readonly levels?: readonly LevelFigures[];
  /** Kept back because that many may be sold unseen; 0 or absent = none. */
  readonly withheldUnits?: number;
};

/** A step from what there is to what is shown; re-evaluating the terms gives the number. */
export type Term =
  | {
      readonly term: "available";
      readonly sku: string;
      /** What is counted of the SKU. */
      readonly units: number;
      readonly unitsEach: number;
      readonly levels?: readonly LevelFigures[];
      /** Absent: available at all `levels`. */
      readonly counts?: readonly CountedFigure[];
      /** Kept back for sales under way. */
      readonly withheldUnits?: number;
    }
  /** Which content of the policy made the steps after it. */
  | { readonly term: "policy"; readonly version: string; readonly by: "account" | "sku" | "listing" }
  /** Little is left: the share, buffer or cap below are this tier's. */
  | { readonly term: "tier"; readonly upToUnits: number; readonly units: number }
  /** The last units are for other accounts, or for this one. */
  | {
      readonly term: "last-units";
      readonly atMostUnits: number;
      readonly accounts: readonly string[];
      readonly mayShow: boolean;
      readonly units: number;
    }
  | { readonly term: "share"; readonly percent: number; readonly units: number }
  | { readonly term: "buffer"; readonly withheldUnits: number; readonly units: number }
  | { readonly term: "cap"; readonly capUnits: number; readonly units: number }
  | { readonly term: "floor"; readonly floorUnits: number; readonly units: number }
  /** A zero hold. */
  | { readonly term: "hold"; readonly holdIds: readonly number[]; readonly units: number }
  /** What an account sold since: its channel lowers its own number. Only in explanations. */
  | { readonly term: "sold"; readonly soldUnits: number; readonly units: number }
  /** Not above what the channel shows: a lowering while an older, higher push is under way. */
  | { readonly term: "shown"; readonly shownUnits: number; readonly units: number }
  /** A person put back what the listing showed before; the ledger was not asked. */
  | { readonly term: "captured"; readonly units: number };

export type Allocation = { readonly units: number; readonly terms: readonly Term[] };

export type AllocationContext = {
  readonly accountId?: string;
  /** Where the policy comes from; absent: the account. */
  readonly by?: "account" | "sku" | "listing";
  /** Zero holds in force on the listing. */
  readonly zeroHoldIds?: readonly number[];
};

type AvailableTerm = Extract<Term, { readonly term: "available" }>;

const figureOf = (level: LevelFigures, figure: CountedFigure["figure"]): number => {
  switch (figure) {
    case "on_hand":
      return level.onHand;
    case "reserved":
      return level.reserved;
    case "incoming":
      return level.incoming;
    case "available":
      return level.onHand - level.reserved;
    default:
      return assertNever(figure);
  }
};

const everythingAvailable: readonly CountedFigure[] = [{ figure: "available", sign: 1 }];

const counted = (levels: readonly LevelFigures[], counts: readonly CountedFigure[] = everythingAvailable): number => {
  let units = 0;
  for (const { figure, locationId, sign } of counts)
    for (const level of levels)
      if (locationId === undefined ? level.onlyNamed !== true : locationId === level.locationId)
        units += sign * figureOf(level, figure);
  return units;
};

const availableTerm = (component: Component, counts: readonly CountedFigure[] | undefined): AvailableTerm => {
  const { sku, unitsEach, levels, withheldUnits } = component;
  return {
    term: "available",
    sku,
    units: levels === undefined ? component.availableUnits : counted(levels, counts),
    unitsEach,
    ...(levels !== undefined && { levels }),
    ...(levels !== undefined && counts !== undefined && { counts }),
    ...(withheldUnits !== undefined && withheldUnits > 0 && { withheldUnits }),
  };
};

/** Whole sets of the scarcest component, nothing withheld: what tiers and last units are judged by. */
const scarcest = (terms: readonly AvailableTerm[]): number =>
  terms.length === 0 ? 0 : Math.min(...terms.map(({ units, unitsEach }) => Math.floor(Math.max(0, units) / unitsEach)));

/**
 * What one listing should show, pure. A kit is as available as its scarcest component. Order of the steps: per component
 * whole sets, then last units, share, buffer, cap, floor (a scarce tier replaces share, buffer and cap), then holds;
 * never below 0.
 */
export const allocate = (
  components: readonly Component[],
  policy: AllocationPolicy,
  context: AllocationContext = {},
): Allocation => {
  const available = components.map((component) => availableTerm(component, policy.counts));
  const tier = tierOf(policy, scarcest(available));
  const { sharePercent, bufferUnits, capUnits } = { ...policy, ...tier };
  const terms: Term[] = [...available, { term: "policy", version: policyVersion(policy), by: context.by ?? "account" }];
  if (tier !== undefined) terms.push({ term: "tier", upToUnits: tier.upToUnits, units: 0 });
  if (policy.lastUnits !== undefined) {
    const mayShow = context.accountId !== undefined && policy.lastUnits.accounts.includes(context.accountId);
    terms.push({ term: "last-units", ...policy.lastUnits, mayShow, units: 0 });
  }
  if (sharePercent < 100) terms.push({ term: "share", percent: sharePercent, units: 0 });
  if (bufferUnits > 0) terms.push({ term: "buffer", withheldUnits: bufferUnits, units: 0 });
  if (capUnits !== null) terms.push({ term: "cap", capUnits, units: 0 });
  if (policy.floorUnits > 0) terms.push({ term: "floor", floorUnits: policy.floorUnits, units: 0 });
  if (context.zeroHoldIds !== undefined && context.zeroHoldIds.length > 0)
    terms.push({ term: "hold", holdIds: context.zeroHoldIds, units: 0 });
  return evaluate(terms);
};

/** Recomputes a number from its terms: what `explain` does with stored ones. */
export const evaluate = (terms: readonly Term[]): Allocation => {
  const available = terms.flatMap((term): AvailableTerm[] =>
    term.term !== "available"
      ? []
      : [{ ...term, units: term.levels === undefined ? term.units : counted(term.levels, term.counts) }],
  );
  const leftUnits = scarcest(available);
  let units = scarcest(available.map((term) => ({ ...term, units: term.units - (term.withheldUnits ?? 0) })));
  const recounted = available.values();
  const evaluated = terms.map((term): Term => {
    switch (term.term) {
      case "available":
        return recounted.next().value ?? term;
      case "policy":
        return term;
      case "tier":
        return { ...term, units: leftUnits };
      case "last-units":
        units = leftUnits <= term.atMostUnits && !term.mayShow ? 0 : units;
        return { ...term, units };
      case "share":
        units = Math.floor((units * term.percent) / 100);
        return { ...term, units };
      case "buffer":
        units = Math.max(0, units - term.withheldUnits);
        return { ...term, units };
      case "cap":
        units = Math.min(units, term.capUnits);
        return { ...term, units };
      case "floor":
        units = units < term.floorUnits ? 0 : units;
        return { ...term, units };
      case "captured":
        units = term.units;
        return term;
      case "hold":
        units = 0;
        return { ...term, units };
      case "sold":
        units = Math.max(0, units - term.soldUnits);
        return { ...term, units };
      case "shown":
        units = Math.min(units, term.shownUnits);
        return { ...term, units };
      default:
        return assertNever(term);
    }
  });
  return { units, terms: evaluated };
};
