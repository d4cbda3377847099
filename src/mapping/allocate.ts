import { assertNever } from "../core/failure.ts";

/** How much of what is available a listing may show. Percent is of the SKU's available units. */
export type AllocationPolicy = {
  readonly sharePercent: number;
  /** Withheld from what the share leaves. */
  readonly bufferUnits: number;
  /** Never show more than this; null = no cap. */
  readonly capUnits: number | null;
  /** Show 0 when less than this would be shown. */
  readonly floorUnits: number;
};

export const showEverything: AllocationPolicy = { sharePercent: 100, bufferUnits: 0, capUnits: null, floorUnits: 0 };

/** One SKU that a listing sells, and how many of it one unit of the listing takes. */
export type Component = {
  readonly sku: string;
  readonly unitsEach: number;
  readonly availableUnits: number;
  /** Kept back because that many may be sold unseen; 0 or absent = none. */
  readonly withheldUnits?: number;
};

/** A step from what there is to what is shown; re-evaluating the terms gives the number. */
export type Term =
  | {
      readonly term: "available";
      readonly sku: string;
      readonly units: number;
      readonly unitsEach: number;
      /** Kept back for sales under way. */
      readonly withheldUnits?: number;
    }
  | { readonly term: "share"; readonly percent: number; readonly units: number }
  | { readonly term: "buffer"; readonly withheldUnits: number; readonly units: number }
  | { readonly term: "cap"; readonly capUnits: number; readonly units: number }
  /** Not above what the channel shows: a lowering while an older, higher push is under way. */
  | { readonly term: "shown"; readonly shownUnits: number; readonly units: number }
  | { readonly term: "floor"; readonly floorUnits: number; readonly units: number }
  /** A person put back what the listing showed before; the ledger was not asked. */
  | { readonly term: "captured"; readonly units: number };

export type Allocation = { readonly units: number; readonly terms: readonly Term[] };

/**
 * Available to sell of one listing, pure. A kit is as available as its scarcest component. Order of the steps: per
 * component whole sets, then share, buffer, cap, floor; never below 0.
 */
export const allocate = (components: readonly Component[], policy: AllocationPolicy): Allocation => {
  const terms: Term[] = components.map((component) => ({
    term: "available",
    sku: component.sku,
    units: component.availableUnits,
    unitsEach: component.unitsEach,
    ...(component.withheldUnits !== undefined &&
      component.withheldUnits > 0 && { withheldUnits: component.withheldUnits }),
  }));
  if (policy.sharePercent < 100) terms.push({ term: "share", percent: policy.sharePercent, units: 0 });
  if (policy.bufferUnits > 0) terms.push({ term: "buffer", withheldUnits: policy.bufferUnits, units: 0 });
  if (policy.capUnits !== null) terms.push({ term: "cap", capUnits: policy.capUnits, units: 0 });
  if (policy.floorUnits > 0) terms.push({ term: "floor", floorUnits: policy.floorUnits, units: 0 });
  return evaluate(terms);
};

/** Recomputes a number from its terms: what `explain` does with stored ones. */
export const evaluate = (terms: readonly Term[]): Allocation => {
  const sets = terms.flatMap((term) =>
    term.term === "available" ? [Math.floor(Math.max(0, term.units - (term.withheldUnits ?? 0)) / term.unitsEach)] : [],
  );
  let units = sets.length === 0 ? 0 : Math.min(...sets);
  const evaluated = terms.map((term): Term => {
    switch (term.term) {
      case "available":
        return term;
      case "share":
        units = Math.floor((units * term.percent) / 100);
        return { ...term, units };
      case "buffer":
        units = Math.max(0, units - term.withheldUnits);
        return { ...term, units };
      case "cap":
        units = Math.min(units, term.capUnits);
        return { ...term, units };
      case "shown":
        units = Math.min(units, term.shownUnits);
        return { ...term, units };
      case "floor":
        units = units < term.floorUnits ? 0 : units;
        return { ...term, units };
      case "captured":
        units = term.units;
        return term;
      default:
        return assertNever(term);
    }
  });
  return { units, terms: evaluated };
};
