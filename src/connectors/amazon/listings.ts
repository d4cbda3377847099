import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { CallContext, ImportedListing, Page } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { AmazonSettings } from "../settings.ts";
import { type AmazonClient, parseAnswer } from "./client.ts";
import { readCursor } from "./cursor.ts";
import { aliasesOf, genericProductType, isFulfilledByAmazon, listingRef, listingsPath, merchantCode } from "./refs.ts";
import { firstReport, ReportCursor, type ReportImport } from "./report-import.ts";
import { type ListingsItem, ListingsPage } from "./schemas.ts";

/** Amazon pages through at most so many SKUs of one query (§6). */
const reachableMax = 1_000;
const pageSize = 20;
/** Before Amazon had sellers. */
const beginning = "1995-01-01T00:00:00.000Z";

/**
 * Up to 1,000 SKUs: one query in SKU order, which no change disturbs. More: the merchant listings report. Where that
 * cannot be had: windows in order of creation, each starting
 * at the newest creation time of the window before. That time is taken once more, since others may share it; the
 * repeated rows do no harm.
 */
const Cursor = z.discriminatedUnion("mode", [
  z.object({ mode: z.literal("all"), token: z.string().nullable() }),
  ReportCursor,
  z.object({ mode: z.literal("window"), after: z.string(), newest: z.string(), token: z.string().nullable() }),
]);
type Cursor = z.infer<typeof Cursor>;

/**
 * Earliest creation of the item over its marketplaces. Amazon may order by a later one; a window that starts too early
 * repeats rows, one that starts too late would lose some.
 */
const createdAt = (item: ListingsItem): string =>
  item.summaries.flatMap((summary) => summary.createdDate ?? []).toSorted()[0] ?? beginning;

const newestOf = (items: readonly ListingsItem[], soFar: string): string =>
  items.map(createdAt).reduce((newest, one) => (one > newest ? one : newest), soFar);

type SearchCursor = Exclude<Cursor, ReportCursor>;
const firstWindow: SearchCursor = { mode: "window", after: beginning, newest: beginning, token: null };

const nextCursor = (
  cursor: SearchCursor,
  page: z.output<typeof ListingsPage>,
  report: ReportCursor,
): Cursor | undefined => {
  const token = page.pagination?.nextToken ?? null;
  const isOutOfReach = page.numberOfResults > reachableMax;
  if (cursor.mode === "all") {
    if (isOutOfReach) return report;
    return token === null ? undefined : { mode: "all", token };
  }
  const newest = newestOf(page.items, cursor.newest);
  if (token !== null) return { ...cursor, newest, token };
  if (!isOutOfReach) return undefined;
  if (newest <= cursor.after) {
    throw new ChannelError({
      kind: "permanent",
      message: `more than ${reachableMax} SKUs were created at ${newest}; Amazon's search cannot reach the rest of them`,
    });
  }
  return { mode: "window", after: newest, newest, token: null };
};

/** A listing for each fulfilment channel of the SKU; a SKU without any stock row is a merchant's that shows nothing yet. */
const listingsOf = (item: ListingsItem, marketplaceIds: readonly string[]): readonly ImportedListing[] => {
  const summary = marketplaceIds.flatMap(
    (id) => item.summaries.find(({ marketplaceId }) => marketplaceId === id) ?? [],
  )[0];
  const marketplaceId = summary?.marketplaceId ?? marketplaceIds[0];
  if (marketplaceId === undefined)
    throw new ChannelError({ kind: "permanent", message: "the account names no marketplace" });
  // A listing that is sold out is no longer BUYABLE but still DISCOVERABLE: it is active, or it would never be refilled.
  const isActive = item.summaries.some(
    ({ status = [] }) => status.includes("BUYABLE") || status.includes("DISCOVERABLE"),
  );
  const rows =
    item.fulfillmentAvailability.length > 0 ? item.fulfillmentAvailability : [{ fulfillmentChannelCode: merchantCode }];
  return rows.map(({ fulfillmentChannelCode: channelCode, ...row }): ImportedListing => {
    const isAmazons = isFulfilledByAmazon(channelCode);
    const productType = summary?.productType ?? genericProductType;
    return {
      ref: listingRef(item.sku, channelCode),
      details: { sku: item.sku, channelCode, productType, marketplaceId },
      aliases: aliasesOf(item.sku, channelCode),
      channelSku: item.sku,
      title: summary?.itemName ?? null,
      fulfilledBy: isAmazons ? "channel" : "merchant",
      status: isActive ? "active" : "inactive",
      units: "quantity" in row ? (row.quantity ?? null) : null,
    };
  });
};

const searchPage = async (
  client: AmazonClient,
  settings: AmazonSettings,
  at: SearchCursor,
  report: ReportCursor,
  signal: AbortSignal,
): Promise<{ readonly items: readonly ImportedListing[]; readonly next: Cursor | undefined }> => {
  const query = {
    marketplaceIds: settings.marketplaceIds,
    includedData: ["fulfillmentAvailability", "summaries"],
    sortBy: at.mode === "all" ? "sku" : "createdDate",
    sortOrder: "ASC",
    createdAfter: at.mode === "all" ? undefined : at.after,
    pageSize: String(pageSize),
    pageToken: at.token ?? undefined,
  };
  const path = listingsPath(settings.sellerId);
  const answer = await client.call({ operation: "searchListingsItems", method: "GET", path, query }, signal);
  const page = parseAnswer(ListingsPage, answer.data, "searchListingsItems");
  return {
    items: page.items.flatMap((item) => listingsOf(item, settings.marketplaceIds)),
    next: nextCursor(at, page, report),
  };
};

type ImportDeps = {
  readonly client: AmazonClient;
  readonly settings: AmazonSettings;
  readonly readReport: ReportImport;
  readonly deps: Pick<ConnectorDeps, "clock" | "log">;
};

/**
 * One page of all the account's listings. Beyond 1,000 SKUs the pages repeat some rows.
 * Errors: `ChannelError`; throttled while a report is being made; permanent when more than 1,000 SKUs share one creation
 * time and no report can be had.
 */
export const importListings = async (
  { client, settings, readReport, deps }: ImportDeps,
  cursor: string | null,
  context: CallContext,
): Promise<Page<ImportedListing>> => {
  const at = readCursor(Cursor, cursor) ?? { mode: "all", token: null };
  const pageOf = (items: readonly ImportedListing[], next: Cursor | undefined): Page<ImportedListing> => ({
    items,
    next: next === undefined ? null : JSON.stringify(next),
    done: next === undefined,
  });
  if (at.mode !== "report") {
    const report = firstReport(settings.marketplaceIds.length, deps.clock.now());
    const { items, next } = await searchPage(client, settings, at, report, context.signal);
    return pageOf(items, next);
  }
  const page = await readReport(at, context);
  if (page.kind === "page") return pageOf(page.items, page.next);
  deps.log.warn(
    { accountId: context.accountId, reason: page.reason },
    "no listings report: reading the listings in windows",
  );
  return pageOf([], firstWindow);
};
