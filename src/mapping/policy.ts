import { fingerprint } from "../core/digest.ts";

export const figureNames = ["on_hand", "reserved", "available", "incoming"] as const;
export type FigureName = (typeof figureNames)[number];

/** A named figure that a policy counts, or takes off. */
export type CountedFigure = {
  readonly figure: FigureName;
  /** Undefined: the sum over the account's locations. */
  readonly locationId?: string;
  readonly sign: 1 | -1;
};

/** What replaces parts of a policy while little is left. */
export type ScarceTier = {
  /** In force while at most so many units are available; of several the one with the smallest number. */
  readonly upToUnits: number;
  readonly sharePercent?: number;
  readonly bufferUnits?: number;
  readonly capUnits?: number | null;
};

/**
 * How much of what there is a listing may show. The order of the steps: counted figures to whole sets, last units,
 * share, buffer, cap, floor. A part that is absent is not in the policy's version: what this type learns later changes
 * no version that is on record.
 */
export type AllocationPolicy = {
  /** Of the units that are counted. */
  readonly sharePercent: number;
  /** Withheld from what the share leaves. */
  readonly bufferUnits: number;
  /** Never show more than this; null = no cap. */
  readonly capUnits: number | null;
  /** Show 0 when less than this would be shown. */
  readonly floorUnits: number;
  /** What is counted; absent: `available`. */
  readonly counts?: readonly CountedFigure[];
  /** While at most so many are counted, only these accounts show them. */
  readonly lastUnits?: { readonly atMostUnits: number; readonly accounts: readonly string[] };
  readonly tiers?: readonly ScarceTier[];
};

export const showEverything: AllocationPolicy = { sharePercent: 100, bufferUnits: 0, capUnits: null, floorUnits: 0 };

/** An account's rule for some of its listings. */
export type PolicyOverride = {
  readonly skus: readonly string[];
  /** Refs. */
  readonly listings: readonly string[];
  readonly policy: AllocationPolicy;
};

export type PolicyBook = {
  readonly policy: AllocationPolicy;
  readonly overrides?: readonly PolicyOverride[];
};

/** Same content, same version: 12 hexadecimal digits. */
export const policyVersion = (policy: AllocationPolicy): string => fingerprint(policy).slice(0, 12);

export type ChosenPolicy = { readonly policy: AllocationPolicy; readonly by: "account" | "sku" | "listing" };

/** The policy of a listing: an override that names it, else the first one that names a SKU it sells, else the account's. */
export const choosePolicy = (
  book: PolicyBook,
  listing: { readonly ref: string; readonly skus: readonly string[] },
): ChosenPolicy => {
  const overrides = book.overrides ?? [];
  const byListing = overrides.find(({ listings }) => listings.includes(listing.ref));
  if (byListing !== undefined) return { policy: byListing.policy, by: "listing" };
  const bySku = overrides.find(({ skus }) => skus.some((sku) => listing.skus.includes(sku)));
  return bySku === undefined ? { policy: book.policy, by: "account" } : { policy: bySku.policy, by: "sku" };
};

/** The policy with the tier applied that `units` falls into. Pure. */
export const tierOf = (policy: Pick<AllocationPolicy, "tiers">, units: number): ScarceTier | undefined =>
  (policy.tiers ?? []).toSorted((a, b) => a.upToUnits - b.upToUnits).find((tier) => units <= tier.upToUnits);
