import type { Secret } from "../core/secret.ts";
import type { Quota } from "./budget.ts";

/** An account as its connector needs it; `src/config/` reads these from `lockstep.yaml`, compose.ts hands them over. */
type Common = {
  readonly id: string;
  /** Overrides of the connector's default quotas, by quota name. */
  readonly quotas: Readonly<Record<string, Quota>>;
  /** How long an order may take to appear in the channel's order list; the poll's upper bound stays this far behind now. */
  readonly orderLagMs: number;
  /** How far each poll reaches back behind its cursor. */
  readonly orderOverlapMs: number;
  /** How long an accepted push may take to show; overrides the connector's default. */
  readonly settleMs: number | undefined;
};

export type AmazonSettings = Common & {
  readonly channel: "amazon";
  readonly region: "na" | "eu" | "fe";
  readonly sellerId: string;
  readonly marketplaceIds: readonly string[];
  readonly credentials: {
    readonly clientId: string;
    readonly clientSecret: Secret;
    /** The other secret while a rotation lasts: whichever Amazon takes is used. */
    readonly oldClientSecret?: Secret | undefined;
    readonly refreshToken: Secret;
  };
  /** Which version of the Orders API is asked first; the other one is the fallback. Default 2026-01-01. */
  readonly ordersApi?: "2026-01-01" | "v0" | undefined;
  /** Absent: no notifications, polling only. Keys absent: the AWS SDK's own default chain. */
  readonly notifications:
    | {
        readonly queueUrl: string;
        readonly region: string;
        readonly accessKeyId: string | undefined;
        readonly secretAccessKey: Secret | undefined;
      }
    | undefined;
  readonly endpoints: { readonly api?: string; readonly auth?: string; readonly sqs?: string };
};

export type EbaySettings = Common & {
  readonly channel: "ebay";
  readonly marketplaceId: string;
  /** BCP 47, sent as Content-Language and Accept-Language. */
  readonly locale: string;
  readonly credentials: { readonly clientId: string; readonly clientSecret: Secret; readonly refreshToken: Secret };
  /** The seller's immutable user id or username; a notification for another seller is refused. */
  readonly sellerUserId: string | undefined;
  readonly webhooks:
    | {
        readonly verificationToken: Secret;
        /** The endpoint exactly as registered with eBay; goes into the challenge's hash. */
        readonly endpoint: string;
        /** Whom eBay writes to when messages fail; only needed while the application has none. */
        readonly alertEmail?: string | undefined;
      }
    | undefined;
  /** SKUs in one bulk_update_price_quantity call, 1–25. */
  readonly pushBatchMax: number;
  /** False: listings that the Inventory API did not make are not imported. Default true. */
  readonly legacyListings?: boolean;
  /** What a closed return does to stock. Default `ignore`: the merchant records what comes back. */
  readonly returns?: "ignore" | "restock-when-closed";
  readonly endpoints: { readonly api?: string; readonly auth?: string };
};

export type ShopifySettings = Common & {
  readonly channel: "shopify";
  /** example.myshopify.com */
  readonly shop: string;
  readonly apiVersion: string;
  /** `accessToken` (existing custom apps) or `clientId` with `clientSecret` (client-credentials grant). */
  readonly credentials: {
    readonly accessToken: Secret | undefined;
    readonly clientId: string | undefined;
    readonly clientSecret: Secret;
  };
  /** Further secrets accepted for webhook signatures while a rotation lasts. */
  readonly webhookSecrets: readonly Secret[];
  /** The Shopify location whose levels are read and written, as a gid; undefined = the shop's only location. */
  readonly locationGid: string | undefined;
  /**
   * Locations beside the first one whose levels are listings of their own. The settings file has no word for it yet:
   * orders and the allocation know one location an account, so two would offer the same units twice.
   */
  readonly furtherLocationGids?: readonly string[];
  /** True: a push may begin to stock an item at the location (`inventoryActivate`). False: it is refused with a reason. */
  readonly activateLevels?: boolean;
  /** What a Pub/Sub push subscription must carry as `?token=`; undefined = messages from Pub/Sub are refused. */
  readonly pubsubToken?: Secret | undefined;
  /** Where webhooks shall go: `https://…`, or `pubsub://project:topic`. Absent: subscriptions are left as they are. */
  readonly webhooksAddress?: string | undefined;
  readonly endpoints: { readonly api?: string };
};

export type AccountSettings = AmazonSettings | EbaySettings | ShopifySettings;
