import { z } from "zod";
import type { Delivery } from "../connector.ts";
import { asJson } from "./polled-order.ts";
import { Instant } from "./schemas.ts";

/**
 * Amazon writes notifications in two casings (§11: `NotificationType`, `notificationType`, `SKU`, `Sku`). All keys are
 * folded to lower case before anything is looked at; values stay as they are.
 */
const foldKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(foldKeys);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toLowerCase(), foldKeys(item)]));
};

const Envelope = z.object({
  notificationtype: z.string().min(1),
  eventtime: Instant,
  payload: z.unknown(),
  notificationmetadata: z.object({ notificationid: z.string().min(1) }),
});
/** EventBridge puts the notification into `detail` of its own event (§11). */
const Bridged = z.object({ detail: z.object({ notificationtype: z.string() }).loose() });
const Addressee = z.object({ sellerid: z.string().optional() });

export const orderChangeTopic = "ORDER_CHANGE";
export const quantityChangeTopic = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE";

const OrderChangePayload = z.object({
  orderchangenotification: z.object({
    notificationlevel: z.string(),
    sellerid: z.string(),
    amazonorderid: z.string().min(1),
    orderchangetrigger: z.object({ timeoforderchange: Instant.nullish() }).optional(),
    summary: z.object({
      orderstatus: z.string(),
      purchasedate: Instant.nullish(),
      fulfillmenttype: z.string(),
      orderitems: z.array(
        z.object({
          orderitemid: z.string().min(1),
          sellersku: z.string().nullish(),
          quantity: z.number().int().min(0),
          quantityshipped: z.number().int().min(0).nullish(),
        }),
      ),
    }),
  }),
});
const QuantityChangePayload = z.object({
  sellerid: z.string(),
  fulfillmentchannelcode: z.string().min(1),
  sku: z.string().min(1),
  quantity: z.number().int().min(0),
});

/** ORDER_CHANGE as the inbox keeps it: no postal code, no reasons, no dates of delivery (§5). */
export const OrderChange = z.object({
  level: z.string(),
  orderId: z.string(),
  state: z.string(),
  fulfillmentType: z.string(),
  changedAt: z.string().nullable(),
  eventAt: z.string(),
  purchasedAt: z.string().nullable(),
  items: z.array(
    z.object({
      itemId: z.string(),
      sku: z.string().nullable(),
      units: z.number(),
      shippedUnits: z.number().nullable(),
    }),
  ),
});
export type OrderChange = z.infer<typeof OrderChange>;

/** LISTINGS_ITEM_MFN_QUANTITY_CHANGE as the inbox keeps it. */
export const QuantityChange = z.object({
  sku: z.string(),
  channelCode: z.string(),
  units: z.number(),
  eventAt: z.string(),
});

/** A listing of which something changed that is not its quantity. */
export const ListingChange = z.object({ sku: z.string(), eventAt: z.string() });
export const listingChangeTopics: ReadonlySet<string> = new Set([
  "LISTINGS_ITEM_STATUS_CHANGE",
  "LISTINGS_ITEM_ISSUES_CHANGE",
]);
const ListingChangePayload = z.object({ sellerid: z.string(), sku: z.string().min(1) });

/** Work that Amazon has done for us: a feed or a report, by its id, and how it ended. */
export const WorkDone = z.object({ id: z.string(), state: z.string() });
export const feedDoneTopic = "FEED_PROCESSING_FINISHED";
export const reportDoneTopic = "REPORT_PROCESSING_FINISHED";
const done = { sellerid: z.string().optional(), processingstatus: z.string() };
const FeedDonePayload = z.object({
  feedprocessingfinishednotification: z.object({ ...done, feedid: z.string() }),
});
const ReportDonePayload = z.object({
  reportprocessingfinishednotification: z.object({ ...done, reportid: z.string() }),
});

type Projection = (
  payload: unknown,
  eventAt: string,
) => { readonly sellerId: string | undefined; readonly kept: object };

const projectListing: Projection = (payload, eventAt) => {
  const { sellerid, sku } = ListingChangePayload.parse(payload);
  return { sellerId: sellerid, kept: { sku, eventAt } };
};

/** What each topic may leave in the inbox; a topic without an entry leaves nothing but its name and time. */
const projections: Readonly<Record<string, Projection>> = {
  [orderChangeTopic]: (payload, eventAt) => {
    const told = OrderChangePayload.parse(payload).orderchangenotification;
    const kept: OrderChange = {
      level: told.notificationlevel,
      orderId: told.amazonorderid,
      state: told.summary.orderstatus,
      fulfillmentType: told.summary.fulfillmenttype,
      changedAt: told.orderchangetrigger?.timeoforderchange ?? null,
      eventAt,
      purchasedAt: told.summary.purchasedate ?? null,
      items: told.summary.orderitems.map((item) => ({
        itemId: item.orderitemid,
        sku: item.sellersku ?? null,
        units: item.quantity,
        shippedUnits: item.quantityshipped ?? null,
      })),
    };
    return { sellerId: told.sellerid, kept };
  },
  [quantityChangeTopic]: (payload, eventAt) => {
    const told = QuantityChangePayload.parse(payload);
    const kept = { sku: told.sku, channelCode: told.fulfillmentchannelcode, units: told.quantity, eventAt };
    return { sellerId: told.sellerid, kept };
  },
  LISTINGS_ITEM_STATUS_CHANGE: projectListing,
  LISTINGS_ITEM_ISSUES_CHANGE: projectListing,
  [feedDoneTopic]: (payload) => {
    const told = FeedDonePayload.parse(payload).feedprocessingfinishednotification;
    return { sellerId: told.sellerid, kept: { id: told.feedid, state: told.processingstatus } };
  },
  [reportDoneTopic]: (payload) => {
    const told = ReportDonePayload.parse(payload).reportprocessingfinishednotification;
    return { sellerId: told.sellerid, kept: { id: told.reportid, state: told.processingstatus } };
  },
};

export type ReadMessage =
  | { readonly kind: "delivery"; readonly delivery: Delivery }
  | { readonly kind: "malformed"; readonly id: string | undefined; readonly topic: string; readonly reason: string };

const malformed = (reason: string, topic = "unknown", id?: string): ReadMessage => ({
  kind: "malformed",
  id,
  topic,
  reason,
});

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would quote the text.
    return undefined;
  }
};

/**
 * A queue message's body as a delivery, named by Amazon's notification id (not the queue's message id, which a
 * repetition changes, §11). `malformed` never quotes the body. Messages for another seller are malformed as well:
 * two accounts share a queue, and this one must not swallow the other's.
 */
export const readMessage = (body: string, sellerId: string): ReadMessage => {
  const folded = foldKeys(parseJson(body));
  const bridged = Bridged.safeParse(folded);
  const envelope = Envelope.safeParse(bridged.success ? bridged.data.detail : folded);
  if (!envelope.success) return malformed("not a notification of Amazon's");
  const { notificationtype: topic, eventtime: eventAt, payload, notificationmetadata } = envelope.data;
  const id = notificationmetadata.notificationid;
  const project = projections[topic];
  const addressee = Addressee.safeParse(payload).data?.sellerid;
  if (project === undefined) {
    if (addressee !== undefined && addressee !== sellerId) return malformed("addressed to another seller", topic, id);
    return { kind: "delivery", delivery: { id, topic, payload: { eventAt }, sourceAt: eventAt } };
  }
  try {
    const { sellerId: seller, kept } = project(payload, eventAt);
    // The account's seller id is optional where Amazon speaks of feeds and reports.
    if (seller !== undefined && seller !== sellerId) return malformed("addressed to another seller", topic, id);
    return { kind: "delivery", delivery: { id, topic, payload: asJson(kept), sourceAt: eventAt } };
  } catch (error) {
    const where = error instanceof z.ZodError ? error.issues.map(({ path }) => path.join(".")).join(", ") : "payload";
    return malformed(`not as documented at ${where}`, topic, id);
  }
};
