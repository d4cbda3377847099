import { toIso } from "../../core/clock.ts";
import type { AmazonAccount } from "./account.ts";
import { type Answer, invalidInput, ok } from "./answers.ts";
import type { Call, Handler } from "./gate.ts";
import type { Identifiers } from "./identifiers.ts";
import { filtersOf, readPage, writePage } from "./page-token.ts";
import type { Listing, World } from "./world.ts";

export type AccountDeps = {
  readonly world: World;
  readonly account: AmazonAccount;
  readonly identifiers: Identifiers;
  readonly nowMs: () => number;
  readonly speedUp: number;
};

const inventoryPageSize = 50;
/** A page token of the FBA inventory dies young (channel document §3). */
const inventoryTokenLifeMs = 30_000;

/** Sellers v1 and FBA Inventory v1: what the account is, and what lies with Amazon. Both are read-only. */
export const accountHandlers = (deps: AccountDeps): Readonly<Record<string, Handler>> => ({
  getMarketplaceParticipations: { audience: "seller", handle: () => participations(deps) },
  getInventorySummaries: { audience: "seller", handle: (call) => inventory(deps, call) },
});

const participations = ({ account }: AccountDeps): Answer =>
  ok({
    payload: [
      {
        marketplace: {
          id: account.marketplaceId,
          name: "Amazon.com",
          countryCode: "US",
          defaultCurrencyCode: "USD",
          defaultLanguageCode: "en_US",
          domainName: "www.amazon.com",
        },
        participation: { isParticipating: true, hasSuspendedListings: false },
        storeName: "Lockstep Demo Store",
      },
    ],
  });

const inventory = (deps: AccountDeps, call: Call): Answer => {
  const { query } = call;
  if (
    query.get("granularityId") !== deps.account.marketplaceId ||
    query.get("marketplaceIds") !== deps.account.marketplaceId
  ) {
    return invalidInput("granularityId and marketplaceIds must name the seller's marketplace");
  }
  const filters = filtersOf(query, ["nextToken"]);
  const token = query.get("nextToken");
  const lifeMs = inventoryTokenLifeMs / deps.speedUp;
  const page = token === null ? undefined : readPage(token, { filters, nowMs: deps.nowMs(), lifeMs });
  if (token !== null && page === undefined) return invalidInput("nextToken is invalid or has expired");
  const since = query.get("startDateTime");
  const named = [query.get("sellerSku"), query.get("sellerSkus")].flatMap((text) => text?.split(",") ?? []);
  const found = [...deps.world.listings.values()].filter(
    (listing) =>
      listing.fulfilledBy === "channel" &&
      // A start time makes Amazon ignore the SKUs (channel document §7).
      (since === null ? named.length === 0 || named.includes(listing.sku) : listing.updatedMs >= Date.parse(since)),
  );
  const at = page?.at ?? 0;
  const end = Math.min(at + inventoryPageSize, found.length);
  const details = query.get("details") === "true";
  return ok({
    payload: {
      granularity: { granularityType: "Marketplace", granularityId: deps.account.marketplaceId },
      inventorySummaries: found.slice(at, end).map((listing) => renderSummary(deps, listing, details)),
    },
    ...(end < found.length
      ? { pagination: { nextToken: writePage({ filters, at: end, beforeMs: 0, issuedAtMs: deps.nowMs() }) } }
      : {}),
  });
};

const renderSummary = (deps: AccountDeps, listing: Listing, details: boolean) => ({
  asin: deps.identifiers.asin(listing.sku),
  fnSku: deps.identifiers.fnSku(listing.sku),
  sellerSku: listing.sku,
  condition: "NewItem",
  lastUpdatedTime: toIso(listing.updatedMs),
  productName: listing.title,
  totalQuantity: listing.channelUnits,
  stores: [],
  ...(details
    ? {
        inventoryDetails: {
          fulfillableQuantity: listing.channelUnits,
          inboundWorkingQuantity: 0,
          inboundShippedQuantity: 0,
          inboundReceivingQuantity: 0,
          reservedQuantity: {
            totalReservedQuantity: 0,
            pendingCustomerOrderQuantity: 0,
            pendingTransshipmentQuantity: 0,
            fcProcessingQuantity: 0,
          },
        },
      }
    : {}),
});
