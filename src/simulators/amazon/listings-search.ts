import { type Answer, invalidInput, ok } from "./answers.ts";
import type { Call } from "./gate.ts";
import { renderItem } from "./listing-views.ts";
import { datasetsOf, type ListingsDeps, list, rowsShown, viewer } from "./listings-reading.ts";
import { filtersOf, readPage, writePage } from "./page-token.ts";
import { buyableUnits, type Listing } from "./world.ts";

/** However many match, a query shows no more (channel document §6). */
const shownMax = 1000;
const pageSizeDefault = 10;
const tokenLifeMs = 24 * 3_600_000;
const unsupported = ["variationParentSku", "packageHierarchySku", "withIssueSeverity", "withoutStatus"];

/**
 * searchListingsItems. Pages are offsets into a list that is sorted anew for every page, by default by the time of the
 * last change, newest first: rows move between pages while the catalogue sells, as they do on the real channel.
 */
export const createListingSearch = (deps: ListingsDeps) => {
  let bySku: readonly Listing[] = [];
  /** All listings by SKU; sorted again only when one was added. */
  const allBySku = (): readonly Listing[] => {
    if (bySku.length !== deps.world.listings.size) {
      bySku = [...deps.world.listings.values()].toSorted((a, b) => (a.sku < b.sku ? -1 : a.sku > b.sku ? 1 : 0));
    }
    return bySku;
  };

  return (call: Call): Answer => {
    const { query } = call;
    if (query.has("identifiers") !== query.has("identifiersType")) {
      return invalidInput("'identifiers' and 'identifiersType' must be provided together");
    }
    const refused = unsupported.find((name) => query.has(name));
    if (refused !== undefined) return invalidInput(`'${refused}' is not supported for this seller`);
    const filters = filtersOf(query, ["pageToken"]);
    const token = query.get("pageToken");
    const page = token === null ? undefined : readPage(token, { filters, nowMs: deps.nowMs(), lifeMs: tokenLifeMs });
    if (token !== null && page === undefined) return invalidInput("Invalid pageToken");
    const matching = sort(filter(query.has("identifiers") ? identified(deps, query) : allBySku(), query), query);
    const size = Number(query.get("pageSize") ?? pageSizeDefault);
    if (size < 1) return invalidInput("'pageSize' must be at least 1");
    const at = page?.at ?? 0;
    const end = Math.min(at + size, matching.length, shownMax);
    const datasets = datasetsOf(query);
    const turn = (to: number): string => writePage({ filters, at: to, beforeMs: 0, issuedAtMs: deps.nowMs() });
    const more = end < Math.min(matching.length, shownMax);
    return ok({
      numberOfResults: matching.length,
      ...(more || at > 0
        ? {
            pagination: {
              ...(more ? { nextToken: turn(end) } : {}),
              ...(at > 0 ? { previousToken: turn(Math.max(0, at - size)) } : {}),
            },
          }
        : {}),
      items: matching
        .slice(at, end)
        .map((listing) => renderItem(listing, rowsShown(deps, listing), datasets, viewer(deps))),
    });
  };
};

const identified = (deps: ListingsDeps, query: URLSearchParams): readonly Listing[] => {
  const wanted = new Set(list(query, "identifiers"));
  switch (query.get("identifiersType")) {
    case "SKU":
      return [...wanted].flatMap((sku) => deps.world.listings.get(sku) ?? []);
    case "ASIN":
      return [...deps.world.listings.values()].filter(({ sku }) => wanted.has(deps.identifiers.asin(sku)));
    case "FNSKU":
      return [...deps.world.listings.values()].filter(({ sku }) => wanted.has(deps.identifiers.fnSku(sku)));
    default:
      return [];
  }
};

const filter = (listings: readonly Listing[], query: URLSearchParams): readonly Listing[] => {
  const bound = (name: string): number | undefined => {
    const text = query.get(name);
    return text === null ? undefined : Date.parse(text);
  };
  const [createdAfter, createdBefore] = [bound("createdAfter"), bound("createdBefore")];
  const [updatedAfter, updatedBefore] = [bound("lastUpdatedAfter"), bound("lastUpdatedBefore")];
  const buyableOnly = list(query, "withStatus").includes("BUYABLE");
  return listings.filter(
    (listing) =>
      (createdAfter === undefined || listing.createdMs >= createdAfter) &&
      (createdBefore === undefined || listing.createdMs <= createdBefore) &&
      (updatedAfter === undefined || listing.updatedMs >= updatedAfter) &&
      (updatedBefore === undefined || listing.updatedMs <= updatedBefore) &&
      (!buyableOnly || buyableUnits(listing) > 0),
  );
};

const sort = (listings: readonly Listing[], query: URLSearchParams): readonly Listing[] => {
  const by = query.get("sortBy") ?? "lastUpdatedDate";
  const direction = (query.get("sortOrder") ?? "DESC") === "ASC" ? 1 : -1;
  // `listings` come by SKU already unless they were asked for by name, twenty at most.
  if (by === "sku" && direction === 1 && !query.has("identifiers")) return listings;
  const bySku = (a: Listing, b: Listing): number => (a.sku < b.sku ? -1 : a.sku > b.sku ? 1 : 0);
  const key = (listing: Listing): number => (by === "createdDate" ? listing.createdMs : listing.updatedMs);
  return listings.toSorted((a, b) => direction * (by === "sku" ? bySku(a, b) : key(a) - key(b) || bySku(a, b)));
};
