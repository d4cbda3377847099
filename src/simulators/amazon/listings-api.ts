import { z } from "zod";
import { denied, invalidInput, notFound, ok } from "./answers.ts";
import { availabilityPath, type Issue, judgePatch } from "./availability.ts";
import type { Call, Handler } from "./gate.ts";
import { renderItem } from "./listing-views.ts";
import { datasetsOf, type ListingsDeps, list, rowsShown, viewer } from "./listings-reading.ts";
import { createListingSearch } from "./listings-search.ts";

const PatchBody = z.object({
  patches: z.array(
    z.object({
      op: z.enum(["add", "replace", "merge", "delete"]),
      path: z.string(),
      value: z.array(z.record(z.string(), z.unknown())).optional(),
    }),
  ),
});

/** Listings Items 2021-08-01. */
export const listingsHandlers = (deps: ListingsDeps): Readonly<Record<string, Handler>> => ({
  getListingsItem: { audience: "seller", handle: (call) => sellersOwn(deps, call) ?? getItem(deps, call) },
  patchListingsItem: { audience: "seller", handle: (call) => sellersOwn(deps, call) ?? patchItem(deps, call) },
  putListingsItem: { audience: "seller", handle: (call) => sellersOwn(deps, call) ?? putItem(deps, call) },
  searchListingsItems: {
    audience: "seller",
    handle: (
      (search) => (call: Call) =>
        sellersOwn(deps, call) ?? search(call)
    )(createListingSearch(deps)),
  },
});

const sellersOwn = (deps: ListingsDeps, call: Call) => {
  if (call.path["sellerId"] !== deps.account.sellerId) return denied("");
  const marketplaces = list(call.query, "marketplaceIds");
  if (marketplaces.some((id) => id !== deps.account.marketplaceId)) return invalidInput("Invalid marketplaceIds");
  return undefined;
};

const getItem = (deps: ListingsDeps, call: Call) => {
  const sku = call.path["sku"] ?? "";
  const listing = deps.world.listings.get(sku);
  if (listing === undefined) return notFound(`SKU '${sku}' not found in marketplace ${deps.account.marketplaceId}`);
  return ok(renderItem(listing, rowsShown(deps, listing), datasetsOf(call.query), viewer(deps)));
};

const patchItem = (deps: ListingsDeps, call: Call) => {
  const sku = call.path["sku"] ?? "";
  const { patches } = PatchBody.parse(call.body);
  const wrongPath = patches.find(({ path }) => !/^\/attributes\/\w+$/.test(path));
  if (wrongPath !== undefined) return invalidInput(`Invalid patch path: ${wrongPath.path}`);
  const listing = deps.world.listings.get(sku);
  // The contract declares no 404 for a patch (channel document §6).
  if (listing === undefined) return invalidInput(`SKU '${sku}' not found`);
  if (patches.some(({ path }) => path !== availabilityPath)) call.complain("patches product data, not stock");
  if (listing.fulfilledBy === "channel") call.complain(`writes a quantity to ${sku}, whose stock lies with Amazon`);
  const issues = patches.flatMap((patch) => judgePatch(patch));
  if (issues.length > 0) return ok(submission(deps, sku, "INVALID", issues));
  if (call.query.get("mode") === "VALIDATION_PREVIEW") return ok(submission(deps, sku, "VALID", []));
  return ok({ sku, status: "ACCEPTED", submissionId: deps.submit(listing, patches), issues: [] });
};

/** Replacing a whole listing is no way to set a quantity: only the preview is offered. */
const putItem = (deps: ListingsDeps, call: Call) => {
  const sku = call.path["sku"] ?? "";
  if (call.query.get("mode") === "VALIDATION_PREVIEW") return ok(submission(deps, sku, "VALID", []));
  call.complain("replaces a whole listing");
  return denied("");
};

const submission = (deps: ListingsDeps, sku: string, status: "INVALID" | "VALID", issues: readonly Issue[]) => ({
  sku,
  status,
  submissionId: deps.identifiers.uuid(`judged:${sku}:${deps.nowMs()}`),
  issues,
});
