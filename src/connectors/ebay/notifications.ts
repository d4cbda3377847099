import { z } from "zod";
import { sha256Hex } from "../../core/digest.ts";
import type { Delivery, RawRequest, Verification, Webhooks } from "../connector.ts";
import type { EbaySettings } from "../settings.ts";
import { isoUtc } from "./order-projection.ts";
import type { PublicKeys } from "./public-keys.ts";
import { isSigned, parseSignatureHeader } from "./signature.ts";
import { orderTopics } from "./topics.ts";

type WebhookSettings = NonNullable<EbaySettings["webhooks"]>;
type Receiver = {
  readonly webhooks: WebhookSettings;
  readonly sellerUserId: string | undefined;
  readonly publicKeys: PublicKeys;
};

/** eBay's REST notifications: GET is the endpoint challenge, POST a signed message (§9.1). */
export const createWebhooks = ({ webhooks, sellerUserId, publicKeys }: Receiver): Webhooks => ({
  async verify(request, { signal }) {
    if (request.method === "GET") return answerChallenge(request, webhooks);
    if (request.method !== "POST")
      return { kind: "refused", status: 405, reason: `${request.method} is not used by eBay` };

    const header = parseSignatureHeader(request.headers["x-ebay-signature"] ?? "");
    if (header === undefined)
      return { kind: "refused", status: 401, reason: "X-EBAY-SIGNATURE is missing or malformed" };
    const lookup = await publicKeys(header.kid, signal);
    if (lookup.kind === "unavailable")
      return { kind: "retry-later", reason: "eBay's public key cannot be fetched now" };
    if (lookup.kind === "unknown")
      return { kind: "refused", status: 401, reason: "eBay does not know the signature's key" };
    if (!isSigned(request.body, header, lookup.key))
      return { kind: "refused", status: 401, reason: "the signature does not match" };
    return readMessage(request.body, sellerUserId);
  },
});

/** `{challengeResponse: hex(sha256(code + token + endpoint))}`, the endpoint byte for byte as registered. */
const answerChallenge = (request: RawRequest, { verificationToken, endpoint }: WebhookSettings): Verification => {
  const code = URL.parse(request.url)?.searchParams.get("challenge_code");
  if (!code) return { kind: "refused", status: 405, reason: "a GET without challenge_code" };
  return {
    kind: "answer",
    status: 200,
    body: { challengeResponse: challengeResponse(code, verificationToken.reveal(), endpoint) },
  };
};

export const challengeResponse = (code: string, verificationToken: string, endpoint: string): string =>
  sha256Hex(`${code}${verificationToken}${endpoint}`);

const Seller = z.object({ userId: z.string().optional(), username: z.string().optional() });
type Seller = z.infer<typeof Seller>;

const Envelope = z.object({
  metadata: z.object({ topic: z.string().min(1) }),
  notification: z.object({ notificationId: z.string().min(1), eventDate: z.string().optional(), data: z.unknown() }),
});

const Confirmation = z
  .object({ user: Seller, order: z.object({ orderId: z.string().min(1) }) })
  .transform(({ user, order }) => ({ seller: user, orderRefs: [order.orderId] }));

const Cancellation = z
  .object({
    orderCancellation: z.object({
      seller: Seller,
      cancellationLineItems: z.array(z.object({ orderId: z.string().min(1) })).default([]),
    }),
  })
  .transform(({ orderCancellation: { seller, cancellationLineItems } }) => ({
    seller,
    orderRefs: [...new Set(cancellationLineItems.map(({ orderId }) => orderId))],
  }));

/** An authentic message → its projection: topic, id, time and the orders named. Users' names and ids stay out. */
const readMessage = (body: Uint8Array, sellerUserId: string | undefined): Verification => {
  const parsed = Envelope.safeParse(jsonOf(body));
  if (!parsed.success) {
    return {
      kind: "malformed",
      id: `body:${sha256Hex(body)}`,
      topic: "unknown",
      reason: "the message has no envelope of eBay's",
    };
  }
  const { metadata, notification } = parsed.data;
  const { topic } = metadata;
  const id = notification.notificationId;
  const sourceAt = timeOf(notification.eventDate);
  const base: Delivery = { id, topic, sourceAt, payload: { topic, eventDate: sourceAt } };
  if (!orderTopics.has(topic)) return { kind: "delivery", delivery: base };

  const data = (topic === "ORDER_CONFIRMATION" ? Confirmation : Cancellation).safeParse(notification.data).data;
  if (data === undefined)
    return { kind: "malformed", id, topic, reason: "the message does not name its seller and order" };
  // The signature proves that eBay sent it, not for which of its sellers (§9.1).
  if (!isFor(data.seller, sellerUserId))
    return { kind: "refused", status: 404, reason: "the message is for another seller" };
  return {
    kind: "delivery",
    delivery: { ...base, payload: { topic, eventDate: sourceAt, orderRefs: data.orderRefs } },
  };
};

/** Without a configured seller every authentic message is ours: the subscription was made with this seller's token. */
const isFor = ({ userId, username }: Seller, sellerUserId: string | undefined): boolean =>
  sellerUserId === undefined || userId === sellerUserId || username === sellerUserId;

const timeOf = (eventDate: string | undefined): string | null =>
  eventDate === undefined || Number.isNaN(Date.parse(eventDate)) ? null : isoUtc(eventDate);

const jsonOf = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
};
