import type { ListingHandle, QuantityReading } from "../connector.ts";
import type { EbayClient } from "./client.ts";
import { LegacyDetails } from "./legacy-details.ts";
import { type LegacyListing, readLegacy } from "./legacy-read.ts";
import { readQuantities } from "./read.ts";
import type { Trading } from "./trading.ts";

/** Readings through the lane of each listing; a failure of either fails the call. */
export const readLanes = async (
  listings: readonly ListingHandle[],
  client: EbayClient,
  trading: Trading,
  signal: AbortSignal,
): Promise<readonly QuantityReading[]> => {
  const legacy: LegacyListing[] = [];
  const rest: ListingHandle[] = [];
  for (const listing of listings) {
    const details = LegacyDetails.safeParse(listing.details).data;
    if (details === undefined) rest.push(listing);
    else legacy.push({ ref: listing.ref, details });
  }
  const readings = await Promise.all([readQuantities(rest, client, signal), readLegacy(legacy, trading, signal)]);
  return readings.flat();
};
