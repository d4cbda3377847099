import type { Clock } from "../../core/clock.ts";
import { QuotaBucket } from "../kit/bucket.ts";

type Quota = readonly [ratePerSecond: number, burst: number];

/** Default usage plans per application and seller (channel document §3). */
const quotas: Readonly<Record<string, Quota>> = {
  patchListingsItem: [5, 5],
  putListingsItem: [5, 10],
  getListingsItem: [5, 10],
  searchListingsItems: [5, 5],
  getInventorySummaries: [2, 2],
  searchOrders: [0.0056, 20],
  getOrder: [0.5, 30],
  "v0.getOrders": [0.0167, 20],
  "v0.getOrder": [0.5, 30],
  "v0.getOrderItems": [0.5, 30],
  createFeedDocument: [0.5, 15],
  // Five listings feeds in five minutes, whatever the plan says (channel document §3).
  createFeed: [5 / 300, 5],
  getFeed: [2, 15],
  getFeedDocument: [0.0222, 10],
  cancelFeed: [2, 15],
  createReport: [0.0167, 15],
  getReport: [2, 15],
  getReportDocument: [0.0167, 15],
  getMarketplaceParticipations: [0.016, 15],
};
const notificationsQuota: Quota = [1, 5];

/** One bucket per operation, made when first needed; operations without a plan of their own share the notifications' numbers. */
export const createQuotas = (options: {
  readonly speedUp: number;
  readonly clock: Clock;
}): ((operationId: string) => QuotaBucket) => {
  const buckets = new Map<string, QuotaBucket>();
  return (operationId) => {
    let bucket = buckets.get(operationId);
    if (bucket === undefined) {
      const [ratePerSecond, burst] = quotas[operationId] ?? notificationsQuota;
      bucket = new QuotaBucket({ ratePerSecond, burst, speedUp: options.speedUp }, options.clock);
      buckets.set(operationId, bucket);
    }
    return bucket;
  };
};
