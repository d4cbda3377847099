import type { Context } from "hono";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { DailyWindow } from "./daily-window.ts";
import type { GateCounters } from "./gate.ts";
import { type Listing, type Offer, shownUnits } from "./listings.ts";
import type { QuantityWrites } from "./quantity-writes.ts";
import type { Store } from "./store.ts";
import type { TokenIssuer } from "./tokens.ts";
import { type TradingError, tradingAnswer, type Xml } from "./trading-answers.ts";
import { loadTradingContract, type TradingRequest } from "./trading-contract.ts";

/** Each call name on its own (channel document §3). */
const callsPerDay = 5_000;

type TradingDeps = {
  readonly store: Store;
  readonly writes: QuantityWrites;
  readonly tokens: TokenIssuer;
  readonly outOfStockControl: boolean;
  readonly counters: GateCounters;
  readonly speedUp: number;
  readonly clock: Clock;
};

type Outcome = Omit<Parameters<typeof tradingAnswer>[2], "ack"> & { readonly ack?: "PartialFailure" | "Failure" };

/** eBay's XML interface `/ws/api.dll`: the four calls that bear on stock, over all listings of the seller. */
export const createTradingApi = (deps: TradingDeps) => {
  const { store, counters } = deps;
  const judge = loadTradingContract();
  const windows = new Map<string, DailyWindow>();

  const answer = (request: TradingRequest, headers: Headers): Outcome => {
    const verdict = deps.tokens.verify(`Bearer ${headers.get("x-ebay-api-iaf-token") ?? ""}`);
    if (verdict.kind === "expired") return failure({ code: 21917053, message: "IAF token supplied is expired." });
    if (verdict.kind !== "valid") return failure({ code: 21916984, message: "Invalid IAF token." });
    const window = windows.get(request.call) ?? new DailyWindow(callsPerDay, deps.speedUp, deps.clock);
    windows.set(request.call, window);
    if (!window.tryTake()) {
      counters.throttled += 1;
      return failure({ code: 518, message: "Your application has exceeded usage limit on this call." });
    }
    for (const complaint of request.complaints) counters.violations.push(`POST /ws/api.dll: ${complaint}`);
    const [first] = request.complaints;
    if (first !== undefined) return failure({ code: 37, message: `Input data is invalid: ${first}` });
    const handle = handlers[request.call];
    return handle === undefined ? failure({ code: 2, message: "Unsupported API call." }) : handle(request.body, deps);
  };

  return async (c: Context): Promise<Response> => {
    counters.requests += 1;
    const request = judge(await c.req.text(), c.req.raw.headers);
    const { ack, ...rest } = answer(request, c.req.raw.headers);
    return tradingAnswer(request.call, store.now(), { ack: ack ?? "Success", ...rest });
  };
};

const failure = (error: TradingError): Outcome => ({ ack: "Failure", errors: [error] });

const preferences = (_body: unknown, { outOfStockControl }: TradingDeps): Outcome => ({
  body: { OutOfStockControlPreference: outOfStockControl },
});

/** One live listing id with its rows: one, or one for each variation. */
type Shown = {
  readonly itemId: string;
  readonly rows: readonly { readonly listing: Listing; readonly offer: Offer }[];
};

const shownListings = ({ store: { world } }: TradingDeps): readonly Shown[] => {
  const byItem = new Map<string, { listing: Listing; offer: Offer }[]>();
  for (const listing of [...world.listed, ...world.legacy]) {
    for (const offer of listing.offers) {
      const rows = byItem.get(offer.listingId) ?? [];
      rows.push({ listing, offer });
      byItem.set(offer.listingId, rows);
    }
  }
  return [...byItem].map(([itemId, rows]) => ({ itemId, rows }));
};

const skuOf = ({ trading, sku }: Listing): string => (trading === undefined ? sku : (trading.channelSku ?? ""));

/** Trading's Quantity counts what was sold too (channel document §6). */
const counted = ({ listing, offer }: Shown["rows"][number]) => ({
  Quantity: shownUnits(listing, offer) + offer.soldUnits,
  SellingStatus: {
    QuantitySold: offer.soldUnits,
    ListingStatus: listing.state === "active" || listing.state === "onHold" ? "Active" : "Completed",
  },
});

const itemXml = ({ itemId, rows }: Shown): Xml => {
  const [first] = rows;
  if (first === undefined) return {};
  const { trading, title } = first.listing;
  const variations = rows.filter(({ listing }) => listing.trading?.variation);
  const head = { ItemID: itemId, Title: title, ListingType: "FixedPriceItem" };
  if (trading?.variation === undefined || trading.variation === null)
    return { ...head, ...(skuOf(first.listing) === "" ? {} : { SKU: skuOf(first.listing) }), ...counted(first) };
  return {
    ...head,
    Quantity: variations.reduce((sum, row) => sum + counted(row).Quantity, 0),
    SellingStatus: {
      QuantitySold: variations.reduce((sum, { offer }) => sum + offer.soldUnits, 0),
      ListingStatus: counted(first).SellingStatus.ListingStatus,
    },
    Variations: {
      Variation: variations.map(({ listing, offer }) => ({
        ...(skuOf(listing) === "" ? {} : { SKU: skuOf(listing) }),
        ...counted({ listing, offer }),
        VariationSpecifics: {
          NameValueList: { Name: listing.trading?.variation?.name, Value: listing.trading?.variation?.value },
        },
      })),
    },
  };
};

const Paging = z.object({
  ActiveList: z.object({
    Pagination: z.object({ EntriesPerPage: z.coerce.number().min(1).max(200), PageNumber: z.coerce.number().min(1) }),
  }),
});

const activeList = (body: unknown, deps: TradingDeps): Outcome => {
  const asked = Paging.safeParse(body).data?.ActiveList.Pagination;
  if (asked === undefined) return failure({ code: 340, message: "Page number is out of range." });
  const { EntriesPerPage: size, PageNumber: page } = asked;
  const live = shownListings(deps).filter(({ rows }) => rows.some(({ listing }) => listing.state === "active"));
  return {
    body: {
      ActiveList: {
        ItemArray: { Item: live.slice((page - 1) * size, page * size).map(itemXml) },
        PaginationResult: { TotalNumberOfPages: Math.ceil(live.length / size), TotalNumberOfEntries: live.length },
      },
    },
  };
};

const getItem = (body: unknown, deps: TradingDeps): Outcome => {
  const itemId = z.object({ ItemID: z.string() }).parse(body).ItemID;
  const found = shownListings(deps).find((shown) => shown.itemId === itemId);
  return found === undefined
    ? failure({ code: 17, message: `Item ${itemId} was deleted or is not yours.` })
    : { body: { Item: itemXml(found) } };
};

const Row = z.object({
  ItemID: z.string().optional(),
  SKU: z.string().optional(),
  Quantity: z.coerce.number().int().min(0),
});
type Row = z.infer<typeof Row>;
const Rows = z.object({ InventoryStatus: z.preprocess((value) => [value].flat(), z.array(Row)) });

const revise = (body: unknown, deps: TradingDeps): Outcome => {
  const rows = Rows.safeParse(body).data?.InventoryStatus;
  if (rows === undefined) return failure({ code: 37, message: "Input data is invalid: InventoryStatus" });
  const shown = shownListings(deps);
  const judged = rows.map((row) => ({ row, error: reviseOne(row, shown, deps) }));
  const errors = judged.flatMap(({ error }) => error ?? []);
  const done = judged.flatMap(({ row, error }) =>
    error === undefined ? [{ SKU: row.SKU ?? "", ItemID: row.ItemID, Quantity: row.Quantity }] : [],
  );
  if (done.length === 0) return { ack: "Failure", errors };
  return { ...(errors.length > 0 && { ack: "PartialFailure" as const }), errors, body: { InventoryStatus: done } };
};

const reviseOne = (row: Row, shown: readonly Shown[], { writes }: TradingDeps): TradingError | undefined => {
  const itemId = row.ItemID ?? "";
  const refuse = (code: number, message: string): TradingError => ({ code, message, parameters: [itemId] });
  const rows = shown.find((candidate) => candidate.itemId === itemId)?.rows ?? [];
  const [first] = rows;
  if (first === undefined) return refuse(17, `Item ${itemId} was deleted or is not yours.`);
  if (first.listing.trading === undefined)
    return refuse(21919474, "Inventory-based listing management is not currently supported by this tool.");
  const target = first.listing.trading.variation === null ? first : rows.find((one) => skuOf(one.listing) === row.SKU);
  if (target === undefined) return refuse(21916635, `Item ${itemId} has no variation with this SKU.`);
  const refusal = writes.revise(target.listing, row.Quantity);
  return refusal && refuse(refusal.errorId === 25097 ? 196 : 291, refusal.longMessage ?? refusal.message);
};

const handlers: Readonly<Record<string, (body: unknown, deps: TradingDeps) => Outcome>> = {
  GetUserPreferences: preferences,
  GetMyeBaySelling: activeList,
  GetItem: getItem,
  ReviseInventoryStatus: revise,
};
