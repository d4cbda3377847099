import { z } from "zod";
import { IsoTime } from "./gids.ts";

/** Answers of the GraphQL Admin API, reduced to what we ask for in `documents.ts`. */

const PageInfo = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() });
export type PageInfo = z.infer<typeof PageInfo>;

/** What every answer may carry beside its data: errors, and the state of the cost bucket. */
export const Envelope = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .union([
      z.array(
        z.object({
          message: z.string(),
          extensions: z.object({ code: z.string().optional(), requestId: z.string().optional() }).optional(),
        }),
      ),
      // REST-style answers of the gateway: { "errors": "[API] Invalid API key …" }
      z.string(),
    ])
    .optional(),
  extensions: z
    .object({
      cost: z
        .object({
          requestedQueryCost: z.number().nullish(),
          actualQueryCost: z.number().nullish(),
          throttleStatus: z.object({
            maximumAvailable: z.number(),
            currentlyAvailable: z.number(),
            restoreRate: z.number(),
          }),
        })
        .optional(),
      search: z.array(z.object({ warnings: z.array(z.unknown()).optional() })).optional(),
    })
    .optional(),
});
export type Envelope = z.infer<typeof Envelope>;

export const UserError = z.object({
  field: z.array(z.string()).nullable(),
  message: z.string(),
  code: z.string().nullish(),
});
export type UserError = z.infer<typeof UserError>;

export const SetQuantitiesAnswer = z.object({
  inventorySetQuantities: z.object({
    inventoryAdjustmentGroup: z.object({ id: z.string() }).nullable(),
    userErrors: z.array(UserError),
  }),
});

const Level = z.object({
  isActive: z.boolean(),
  quantities: z.array(z.object({ name: z.string(), quantity: z.number().int() })),
});

const LevelNode = z.object({ id: z.string(), tracked: z.boolean(), inventoryLevel: Level.nullable() });
export type LevelNode = z.infer<typeof LevelNode>;
/** A deleted id comes back as null without an error; an id of another type as an object without fields. */
const Absent = z.union([z.null(), z.strictObject({}).transform(() => null)]);
export const ActivateAnswer = z.object({
  inventoryActivate: z.object({ inventoryLevel: Level.nullable(), userErrors: z.array(UserError) }),
});
export const LevelsAnswer = z.object({ nodes: z.array(z.union([LevelNode, Absent])) });

const VariantNode = z.object({
  id: z.string(),
  displayName: z.string(),
  inventoryPolicy: z.string(),
  /** A bundle's parent: its quantity follows its components and cannot be set. */
  requiresComponents: z.boolean(),
  product: z.object({ status: z.string() }),
});
const ItemNode = LevelNode.extend({
  sku: z.string().nullable(),
  duplicateSkuCount: z.number().int(),
  variants: z.object({ nodes: z.array(VariantNode), pageInfo: PageInfo }).nullable(),
});
export type ItemNode = z.infer<typeof ItemNode>;
export const InventoryPageAnswer = z.object({
  inventoryItems: z.object({ nodes: z.array(ItemNode), pageInfo: PageInfo }),
});

export const LocationsAnswer = z.object({
  locations: z.object({ nodes: z.array(z.object({ id: z.string(), name: z.string() })), pageInfo: PageInfo }),
});

const LineNode = z.object({
  id: z.string(),
  sku: z.string().nullable(),
  quantity: z.number().int(),
  currentQuantity: z.number().int(),
  unfulfilledQuantity: z.number().int(),
  variant: z.object({ id: z.string(), inventoryItem: z.object({ id: z.string() }) }).nullable(),
});
export type LineNode = z.infer<typeof LineNode>;
const Lines = z.object({ nodes: z.array(LineNode), pageInfo: PageInfo });

const RefundLineNode = z.object({
  quantity: z.number().int(),
  restockType: z.string(),
  /** Where the units were put back; null when they were not. */
  location: z.object({ id: z.string() }).nullable(),
  lineItem: z.object({ id: z.string() }),
});
export type RefundLineNode = z.infer<typeof RefundLineNode>;
const RefundLines = z.object({ nodes: z.array(RefundLineNode), pageInfo: PageInfo });
const RefundNode = z.object({ id: z.string(), refundLineItems: RefundLines });

export const OrderNode = z.object({
  id: z.string(),
  createdAt: IsoTime,
  updatedAt: IsoTime,
  cancelledAt: z.string().nullable(),
  displayFinancialStatus: z.string().nullable(),
  displayFulfillmentStatus: z.string(),
  lineItems: Lines,
  refunds: z.array(RefundNode),
});
export type OrderNode = z.infer<typeof OrderNode>;

export const OrderPageAnswer = z.object({ orders: z.object({ nodes: z.array(OrderNode), pageInfo: PageInfo }) });
export const OrdersByIdAnswer = z.object({ nodes: z.array(z.union([OrderNode, Absent])) });
export const OrderWholeAnswer = z.object({ order: OrderNode.nullable() });
export const OrderLinesAnswer = z.object({ order: z.object({ updatedAt: IsoTime, lineItems: Lines }).nullable() });
export const OrderRefundIdsAnswer = z.object({
  order: z.object({ updatedAt: IsoTime, refunds: z.array(z.object({ id: z.string() })) }).nullable(),
});
export const RefundLinesAnswer = z.object({ refund: z.object({ refundLineItems: RefundLines }).nullable() });

export const AppStateAnswer = z.object({
  currentAppInstallation: z.object({ accessScopes: z.array(z.object({ handle: z.string() })) }),
  publicApiVersions: z.array(z.object({ handle: z.string(), supported: z.boolean() })),
});

const Subscription = z.object({ id: z.string(), topic: z.string(), uri: z.string(), format: z.string() });
export type Subscription = z.infer<typeof Subscription>;
export const SubscriptionsAnswer = z.object({
  webhookSubscriptions: z.object({ nodes: z.array(Subscription), pageInfo: PageInfo }),
});
const SubscriptionPayload = z.object({
  webhookSubscription: z.object({ id: z.string() }).nullable(),
  userErrors: z.array(UserError),
});
export const SubscribeAnswer = z.object({ webhookSubscriptionCreate: SubscriptionPayload });
export const ResubscribeAnswer = z.object({ webhookSubscriptionUpdate: SubscriptionPayload });

export const TokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

export const BulkRunAnswer = z.object({
  bulkOperationRunQuery: z.object({
    bulkOperation: z.object({ id: z.string() }).nullable(),
    userErrors: z.array(UserError),
  }),
});
export const BulkStateAnswer = z.object({
  bulkOperation: z
    .object({
      status: z.string(),
      errorCode: z.string().nullable(),
      url: z.string().nullable(),
      partialDataUrl: z.string().nullable(),
    })
    .nullable(),
});
/** A line of a bulk operation's file: an item, or a level that names its item. */
export const BulkRow = z.union([
  Level.extend({
    __parentId: z.string(),
    updatedAt: IsoTime,
    location: z.object({ id: z.string() }),
  }),
  z.object({ id: z.string(), tracked: z.boolean() }),
]);
