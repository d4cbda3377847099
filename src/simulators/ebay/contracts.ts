import { readFileSync } from "node:fs";
import { z } from "zod";
import { type Contract, loadContract } from "../kit/contract.ts";

/** The REST interfaces this simulator answers for, by the name their quota has. */
export const apis = [
  "sell.inventory",
  "sell.fulfillment",
  "sell.feed",
  "commerce.notification",
  "developer.analytics",
  "post-order.return",
] as const;
export type Api = (typeof apis)[number];

const files: Readonly<Record<Api, string>> = {
  "sell.inventory": "sell_inventory_v1_oas3",
  "sell.fulfillment": "sell_fulfillment_v1_oas3",
  "sell.feed": "sell_feed_v1_oas3",
  "commerce.notification": "commerce_notification_v1_oas3",
  "developer.analytics": "developer_analytics_v1_beta_oas3",
  // The thin contract of Post-Order names no parameters; this one does.
  "post-order.return": "overlay.return-search",
};

const folder = new URL("../../../contracts/ebay/", import.meta.url);

/**
 * The official contracts with the overlay of what they leave in prose: required fields, ceilings, closed bodies.
 * The real channel ignores a misspelt field; this one refuses it, so that it is seen.
 */
export const loadEbayContracts = (): Readonly<Record<Api, Contract>> => {
  const overlay = z
    .looseObject({ sell_inventory_v1: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(readFileSync(new URL("openapi/overlay.request-constraints.json", folder), "utf8")));
  const load = (api: Api): Contract =>
    loadContract(new URL(`openapi/${files[api]}.json`, folder), {
      closeRequestSchemas: true,
      ...(api === "sell.inventory" ? { overlay: overlay.sell_inventory_v1 } : {}),
    });
  return {
    "sell.inventory": load("sell.inventory"),
    "sell.fulfillment": load("sell.fulfillment"),
    "sell.feed": load("sell.feed"),
    "post-order.return": load("post-order.return"),
    "commerce.notification": load("commerce.notification"),
    "developer.analytics": load("developer.analytics"),
  };
};

const RecordedTopic = z.looseObject({
  topicId: z.string(),
  scope: z.enum(["USER", "APPLICATION"]),
  authorizationScopes: z.array(z.string()),
  supportedPayloads: z.array(z.looseObject({ format: z.array(z.string()), schemaVersion: z.string() })),
});
export type Topic = z.infer<typeof RecordedTopic>;

/** The topics as production listed them, and the compulsory one that every application has (channel document §9). */
export const loadTopics = (): readonly Topic[] => {
  const file = new URL("notifications/topics.production.2026-09-30.json", folder);
  const { topics } = z.looseObject({ topics: z.array(RecordedTopic) }).parse(JSON.parse(readFileSync(file, "utf8")));
  return [
    ...topics,
    {
      topicId: "MARKETPLACE_ACCOUNT_DELETION",
      scope: "APPLICATION",
      context: "COMMERCE",
      status: "ENABLED",
      filterable: false,
      authorizationScopes: ["https://api.ebay.com/oauth/api_scope"],
      supportedPayloads: [{ format: ["JSON"], schemaVersion: "1.0", deliveryProtocol: "HTTPS" }],
    },
  ];
};

/** Why an operation is not offered here. Every call of one is a violation and answered like a missing permission. */
export const refusalReason = (operationId: string): string => {
  if (fullReplaces.has(operationId)) return "replaces everything and wipes what is left out: not for stock";
  if (endsListings.has(operationId)) return "ends a listing for good";
  if (operationId.includes("igrate")) return "migrates a listing, which the merchant cannot undo";
  if (operationId === "issueRefund" || operationId.includes("PaymentDispute")) return "is about buyers' money and data";
  return "is not offered to this application";
};

/** Channel document §5.2. */
const fullReplaces: ReadonlySet<string> = new Set([
  "createOrReplaceInventoryItem",
  "bulkCreateOrReplaceInventoryItem",
  "createOrReplaceInventoryItemGroup",
  "updateOffer",
]);
/** Channel document §5.3. */
const endsListings: ReadonlySet<string> = new Set([
  "withdrawOffer",
  "withdrawOfferByInventoryItemGroup",
  "deleteOffer",
  "deleteInventoryItem",
  "deleteInventoryItemGroup",
]);
