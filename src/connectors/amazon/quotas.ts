import type { Quota } from "../budget.ts";

const notifications: Quota = { ratePerSecond: 1, burst: 5 };

/**
 * Documented defaults per application and seller (docs/channels/amazon.md §3). Token buckets, one per operation.
 * `getListingsItem` takes the lower of the two documented bursts. The token endpoint states no limit: this one is ours.
 * `createFeed`: five listings feeds in five minutes whatever its own plan says, so two at once and then its rate (§13.17).
 * Orders v0 and 2026-01-01 both have a getOrder; the older one carries its version.
 */
export const amazonQuotas = {
  patchListingsItem: { ratePerSecond: 5, burst: 5 },
  getListingsItem: { ratePerSecond: 5, burst: 5 },
  searchListingsItems: { ratePerSecond: 5, burst: 5 },
  getInventorySummaries: { ratePerSecond: 2, burst: 2 },
  searchOrders: { ratePerSecond: 0.0056, burst: 20 },
  getOrder: { ratePerSecond: 0.5, burst: 30 },
  getOrders: { ratePerSecond: 0.0167, burst: 20 },
  getOrderV0: { ratePerSecond: 0.5, burst: 30 },
  getOrderItems: { ratePerSecond: 0.5, burst: 30 },
  createFeedDocument: { ratePerSecond: 0.5, burst: 15 },
  createFeed: { ratePerSecond: 0.0083, burst: 2 },
  getFeed: { ratePerSecond: 2, burst: 15 },
  getFeedDocument: { ratePerSecond: 0.0222, burst: 10 },
  createReport: { ratePerSecond: 0.0167, burst: 15 },
  getReport: { ratePerSecond: 2, burst: 15 },
  getReportDocument: { ratePerSecond: 0.0167, burst: 15 },
  getMarketplaceParticipations: { ratePerSecond: 0.016, burst: 15 },
  getSubscription: notifications,
  createSubscription: notifications,
  getDestinations: notifications,
  createDestination: notifications,
  token: { ratePerSecond: 1, burst: 5 },
} as const satisfies Record<string, Quota>;

/** A call to Amazon, named as Amazon names it; also the name of its quota in the settings. */
export type AmazonOperation = keyof typeof amazonQuotas;
