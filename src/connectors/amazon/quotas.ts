import type { Quota } from "../budget.ts";

/**
 * Documented defaults per application and seller (docs/channels/amazon.md §3). Token buckets, one per operation.
 * `getListingsItem` takes the lower of the two documented bursts. The token endpoint states no limit: this one is ours.
 */
export const amazonQuotas = {
  patchListingsItem: { ratePerSecond: 5, burst: 5 },
  getListingsItem: { ratePerSecond: 5, burst: 5 },
  searchListingsItems: { ratePerSecond: 5, burst: 5 },
  searchOrders: { ratePerSecond: 0.0056, burst: 20 },
  getOrder: { ratePerSecond: 0.5, burst: 30 },
  getSubscription: { ratePerSecond: 1, burst: 5 },
  token: { ratePerSecond: 1, burst: 5 },
} as const satisfies Record<string, Quota>;

/** A call to Amazon, named as Amazon names it; also the name of its quota in the settings. */
export type AmazonOperation = keyof typeof amazonQuotas;
