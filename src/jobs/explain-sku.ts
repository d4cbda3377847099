import { z } from "zod";
import { type InventoryLevel, levelsOf } from "../ledger/queries.ts";
import { listingIdByName, listingIdsOfSkus } from "../mapping/listings.ts";
import { type ExplainDeps, explainListing, explainListingAt } from "./explain.ts";
import { type Explanation, explanationText } from "./explanation.ts";

export const ExplainQuestion = z.object({
  /** Null: by the listing alone. */
  sku: z.string().nullable(),
  accountId: z.string().nullable(),
  /** Ref or alias; needs the account. */
  listing: z.string().nullable(),
  /** ISO; null: now. */
  at: z.string().nullable(),
});
export type ExplainQuestion = z.infer<typeof ExplainQuestion>;

export type Explained = Explanation & { readonly sentence: string };
export type ExplainAnswer = {
  readonly sku: string | null;
  /** The SKU's stock now. */
  readonly levels: readonly InventoryLevel[];
  readonly listings: readonly Explained[];
};

const listingsMax = 50;

const listingIdsFor = async (
  deps: ExplainDeps,
  { sku, accountId, listing }: ExplainQuestion,
): Promise<readonly number[]> => {
  if (listing !== null && accountId !== null) {
    const id = await listingIdByName(deps.db, accountId, listing);
    return id === undefined ? [] : [id];
  }
  return sku === null ? [] : listingIdsOfSkus(deps.db, [sku], listingsMax);
};

/**
 * Explains a SKU's listings (at most fifty), or one listing. Undefined: the ledger does not know the SKU and no listing
 * answers to the name.
 */
export const explain = async (deps: ExplainDeps, question: ExplainQuestion): Promise<ExplainAnswer | undefined> => {
  const { sku, accountId, at } = question;
  const ids = await listingIdsFor(deps, question);
  const levels = sku === null ? [] : await levelsOf(deps.db, [sku]);
  if (ids.length === 0 && levels.length === 0) return undefined;
  const listings: Explained[] = [];
  for (const id of ids) {
    const explained = at === null ? await explainListing(deps, id) : await explainListingAt(deps, id, at);
    if (explained === undefined || (accountId !== null && explained.listing.accountId !== accountId)) continue;
    listings.push({ ...explained, sentence: explanationText(explained) });
  }
  return { sku, levels, listings };
};
