import { z } from "zod";
import type { Random } from "../../core/random.ts";
import type { FaultSource } from "../kit/faults.ts";
import { type Answer, entityNotFound, failed, inventoryError, offerNotAvailable } from "./answers.ts";
import type { Call, Handler } from "./gate.ts";
import { itemView, locationView, offerView } from "./inventory-views.ts";
import { cutPage, pageNumbers } from "./paging.ts";
import type { QuantityWrites } from "./quantity-writes.ts";
import type { Store } from "./store.ts";

const base = "/sell/inventory/v1";
const Skus = z.object({ requests: z.array(z.object({ sku: z.string() })) });

/** Sell Inventory: reading items and offers, and the one write that is about quantities (channel document §5, §6). */
export const inventoryHandlers = (deps: {
  readonly store: Store;
  readonly writes: QuantityWrites;
  readonly faults: FaultSource;
  readonly random: Random;
}): Readonly<Record<string, Handler>> => {
  const { world } = deps.store;
  /** Items read quickly, offers may lag behind (channel document §8). */
  const staleSince = (): number | undefined =>
    deps.faults.plan.staleReadMs > 0 ? deps.store.now() - deps.random() * deps.faults.plan.staleReadMs : undefined;

  const getItem = ({ path }: Call): Answer => {
    const listing = world.inventoryItem(path["sku"] ?? "");
    return listing === undefined ? failed(404, entityNotFound) : { status: 200, body: itemView(listing) };
  };

  const listItems = (call: Call): Answer => {
    const paging = pageNumbers(call.query, { limitDefault: 25, limitMax: 200 });
    if (paging === undefined) return badPaging(call);
    const page = cutPage(world.listed, paging);
    if (page === undefined) return badPaging(call);
    const { rows, ...rest } = page;
    return {
      status: 200,
      body: { ...links(`${base}/inventory_item`, call.query, paging, rest), inventoryItems: rows.map(itemView) },
    };
  };

  const bulkGet = ({ body }: Call): Answer => {
    const responses = Skus.parse(body).requests.map(({ sku }) => {
      const listing = world.inventoryItem(sku);
      return listing === undefined
        ? { sku, statusCode: 404, errors: [entityNotFound] }
        : { sku, statusCode: 200, inventoryItem: itemView(listing) };
    });
    return { status: responses.every(({ statusCode }) => statusCode === 200) ? 200 : 207, body: { responses } };
  };

  const listOffers = (call: Call): Answer => {
    const sku = call.query.get("sku");
    // The contract calls it optional; the channel refuses without it (channel document §6).
    if (sku === null || sku === "") {
      call.complain("getOffers without a sku");
      return failed(400, inventoryError(25709, "Invalid value for sku.", "sku"));
    }
    const paging = pageNumbers(call.query, { limitDefault: 100, limitMax: 200 });
    if (paging === undefined) return badPaging(call);
    const listing = world.inventoryItem(sku);
    if (listing === undefined) return failed(404, offerNotAvailable(sku));
    const sinceMs = staleSince();
    const wanted = call.query.get("format") ?? "FIXED_PRICE";
    const marketplace = call.query.get("marketplace_id");
    const offers = listing.offers
      .filter(
        ({ marketplaceId }) => wanted === "FIXED_PRICE" && (marketplace === null || marketplace === marketplaceId),
      )
      .map((offer) => offerView(listing, offer, sinceMs));
    const page = cutPage(offers, paging);
    if (page === undefined) return badPaging(call);
    const { rows, ...rest } = page;
    return { status: 200, body: { ...links(`${base}/offer`, call.query, paging, rest), offers: rows } };
  };

  const getOffer = ({ path }: Call): Answer => {
    const offerId = path["offerId"] ?? "";
    const listing = world.listingByOfferId.get(offerId);
    const offer = listing?.offers.find((candidate) => candidate.offerId === offerId);
    if (listing === undefined || listing.trading !== undefined || offer === undefined)
      return failed(404, offerNotAvailable(offerId));
    return { status: 200, body: offerView(listing, offer, staleSince()) };
  };

  const locations = (): Answer => ({
    status: 200,
    body: { href: `${base}/location?limit=100&offset=0`, limit: 100, offset: 0, total: 1, locations: [locationView] },
  });

  const read = (handle: Handler["handle"]): Handler => ({ needs: "inventory-read", handle });
  return {
    getInventoryItem: read(getItem),
    getInventoryItems: read(listItems),
    bulkGetInventoryItem: read(bulkGet),
    getOffers: read(listOffers),
    getOffer: read(getOffer),
    getInventoryLocations: read(locations),
    bulkUpdatePriceQuantity: { needs: "inventory-write", handle: ({ body }) => deps.writes.update(body) },
  };
};

const badPaging = (call: Call): Answer => {
  call.complain(`pagination out of bounds: limit ${call.query.get("limit")}, offset ${call.query.get("offset")}`);
  return failed(400, inventoryError(25706, "You have provided invalid pagination values."));
};

const links = (
  path: string,
  query: URLSearchParams,
  at: { readonly limit: number; readonly page: number },
  counts: { readonly total: number; readonly pages: number },
) => {
  const href = (page: number): string => {
    const next = new URLSearchParams(query);
    next.set("limit", String(at.limit));
    next.set("offset", String(page));
    return `${path}?${next.toString()}`;
  };
  return {
    href: href(at.page),
    total: counts.total,
    // By the contract the number of pages, not of rows.
    size: counts.pages,
    limit: at.limit,
    ...(at.page + 1 < counts.pages ? { next: href(at.page + 1) } : {}),
    ...(at.page > 0 ? { prev: href(at.page - 1) } : {}),
  };
};
