import type { Json } from "../core/digest.ts";

/**
 * What is kept of a call: an allow-list, so that whatever else a channel sends never gets anywhere. Names of a buyer,
 * addresses, tokens, messages for people and free texts have no entry here.
 */

/** Path segments that are the interface's own words; every other one is a parameter. */
const staticSegments = new Set(
  `listings items orders orderItems feeds documents reports notifications subscriptions destinations fba inventory
   summaries auth o2 token sell fulfillment feed v0 v1 v1_beta v2 2021-08-01 2021-06-30 2026-01-01 order inventory_task task
   download_result_file post-order return search developer analytics rate_limit bulk_get_inventory_item
   bulk_update_price_quantity inventory_item offer ws api.dll commerce notification public_key topic subscription
   destination config enable test identity oauth2 admin api graphql.json oauth access_token ORDER_CHANGE`.split(/\s+/),
);
/** What the parameter after these segments is called, where it names a listing. */
const skuAfter = new Set(["inventory_item"]);

/** Parts to look into; everything else is passed over. */
const containers = new Set(
  `requests responses offers quantities input variables patches value errors warnings issues userErrors extensions data
   shipToLocationAvailability fulfillmentAvailability availability items messages nodes inventoryLevel inventoryItems
   inventorySetQuantities inventoryActivate summary inventories cost throttleStatus`.split(/\s+/),
);
/** Values that are a SKU: any text. */
const skuNames = new Set(["sku", "sellerSku"]);
/** Values that are ids, numbers or codes: nothing with a space or an @ in it. */
const plainNames = new Set(
  `offerId inventoryItemId locationId id item quantity availableQuantity changeFromQuantity available
   fulfillment_channel_code fulfillmentChannelCode op operationType statusCode status code errorId severity submissionId
   feedId reportId feedType reportType processingStatus isActive tracked numberOfResults messagesProcessed
   messagesAccepted messagesInvalid requestedQueryCost actualQueryCost currentlyAvailable maximumAvailable restoreRate`.split(
    /\s+/,
  ),
);
const idNames = new Set(["offerId", "inventoryItemId", "id", "item", "itemId"]);

/** Trading speaks XML; the same few things by its names. */
const xmlParts = /<(SKU|ItemID|Quantity|ErrorCode|Ack|SeverityCode)>([^<]{1,255})<\//g;

const plainText = /^[\w:/.|#?=&+-]{1,160}$/;
const skuText = /^[^\p{Cc}]{1,255}$/u;
const leavesMax = 300;

export type CallFacts = {
  /** SKUs and ids that the call names. */
  readonly names: readonly string[];
  readonly facts: Json;
};

/** The path with every parameter left out. Total: what is not known is a parameter. */
export const templateOf = (url: string): string =>
  URL.canParse(url)
    ? new URL(url).pathname
        .split("/")
        .map((segment) => (segment === "" || staticSegments.has(segment) ? segment : "{}"))
        .join("/")
        .slice(0, 200)
    : "{}";

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

/** The SKUs that an address names: Amazon's last part of an item's path, eBay's item, and the two lists. */
const skusOfUrl = (url: string): readonly string[] => {
  if (!URL.canParse(url)) return [];
  const { pathname, searchParams } = new URL(url);
  const segments = pathname.split("/");
  const items = segments.indexOf("items");
  const ofAmazon = items >= 0 && segments.length === items + 3 ? [segments[items + 2] ?? ""] : [];
  const ofEbay = segments.filter((_, index) => skuAfter.has(segments[index - 1] ?? ""));
  const listed =
    searchParams.get("identifiersType") === "SKU" ? (searchParams.get("identifiers") ?? "").split(",") : [];
  const asked = searchParams.get("sku");
  return [...[...ofAmazon, ...ofEbay].map(decoded), ...listed, ...(asked === null ? [] : [asked])].filter((sku) =>
    skuText.test(sku),
  );
};

const leafOf = (name: string, value: unknown): Json | undefined => {
  const isSku = skuNames.has(name);
  if (!isSku && !plainNames.has(name)) return undefined;
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  // Numbers beyond a double keep their digits.
  const text = typeof value === "object" && "isLosslessNumber" in value ? String(value) : value;
  if (typeof text !== "string") return undefined;
  return (isSku ? skuText : plainText).test(text) ? text : undefined;
};

const createWalk = () => {
  const names = new Set<string>();
  let leaves = 0;
  const kept = (value: unknown, depth: number): Json | undefined => {
    if (depth > 10 || leaves >= leavesMax || typeof value !== "object" || value === null) return undefined;
    if (ArrayBuffer.isView(value)) return undefined;
    if (Array.isArray(value)) {
      const rows = value.flatMap((item) => kept(item, depth + 1) ?? []);
      return rows.length === 0 ? undefined : rows;
    }
    const found: Record<string, Json> = {};
    for (const [name, part] of Object.entries(value)) {
      const leaf = leafOf(name, part);
      if (leaf !== undefined) {
        leaves += 1;
        found[name] = leaf;
        if (typeof leaf === "string" && (skuNames.has(name) || idNames.has(name))) names.add(leaf);
      } else if (containers.has(name)) {
        const inner = kept(part, depth + 1);
        if (inner !== undefined) found[name] = inner;
      }
    }
    return Object.keys(found).length === 0 ? undefined : found;
  };
  const ofXml = (text: string): Json | undefined => {
    const found = [...text.slice(0, 200_000).matchAll(xmlParts)]
      .slice(0, leavesMax)
      .flatMap(([, name = "", raw = ""]) => {
        const isSku = name === "SKU";
        if (!(isSku ? skuText : plainText).test(raw)) return [];
        if (isSku || name === "ItemID") names.add(raw);
        return [{ [name]: raw }];
      });
    return found.length === 0 ? undefined : found;
  };
  return {
    names,
    of: (body: unknown): Json | undefined => (typeof body === "string" ? ofText(body, kept, ofXml) : kept(body, 0)),
  };
};

const ofText = (
  text: string,
  kept: (value: unknown, depth: number) => Json | undefined,
  ofXml: (text: string) => Json | undefined,
): Json | undefined => {
  if (text.startsWith("<")) return ofXml(text);
  try {
    return kept(JSON.parse(text), 0);
  } catch {
    return undefined;
  }
};

/** Pure, and total: a body of any kind gives its allow-listed parts, or nothing. */
export const factsOf = (url: string, requestBody: unknown, responseBody: unknown): CallFacts => {
  const walk = createWalk();
  const sent = walk.of(requestBody);
  const told = walk.of(responseBody);
  return {
    names: [...new Set([...skusOfUrl(url), ...walk.names])].slice(0, 100),
    facts: { ...(sent !== undefined && { sent }), ...(told !== undefined && { told }) },
  };
};

/** Under which name the channel finds the call again; an operation's name where the address does not tell it. */
export const plainOf = (value: unknown): string | null =>
  typeof value === "string" && plainText.test(value) ? value : null;
