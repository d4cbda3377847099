import type { AmazonAccount } from "./account.ts";
import type { AvailabilityRow, Patch } from "./availability.ts";
import type { Identifiers } from "./identifiers.ts";
import type { Listing, World } from "./world.ts";

/** What the operations need of the world around them. */
export type ListingsDeps = {
  readonly world: World;
  readonly account: AmazonAccount;
  readonly identifiers: Identifiers;
  readonly nowMs: () => number;
  /** How old the state may be that this read shows, ms; 0 = the truth. */
  readonly staleByMs: () => number;
  /** Takes a judged patch; it is applied later, or never. Returns the submission's id. */
  readonly submit: (listing: Listing, patches: readonly Patch[]) => string;
};

/** A csv parameter, however often its name was repeated. A SKU with a comma cannot be written this way, as on the real channel. */
export const list = (query: URLSearchParams, name: string): readonly string[] =>
  query.getAll(name).flatMap((text) => text.split(",").filter((part) => part !== ""));

export const datasetsOf = (query: URLSearchParams): ReadonlySet<string> => {
  const asked = list(query, "includedData");
  return new Set(asked.length === 0 ? ["summaries"] : asked);
};

export const viewer = (deps: ListingsDeps) => ({
  marketplaceId: deps.account.marketplaceId,
  identifiers: deps.identifiers,
});

/** The applied rows, or under a stale read those of some time ago. */
export const rowsShown = (deps: ListingsDeps, listing: Listing): readonly AvailabilityRow[] => {
  const staleByMs = deps.staleByMs();
  const asOfMs = deps.nowMs() - staleByMs;
  if (staleByMs === 0 || listing.updatedMs <= asOfMs) return listing.applied;
  return listing.past.findLast(({ fromMs }) => fromMs <= asOfMs)?.rows ?? listing.past[0]?.rows ?? listing.applied;
};
