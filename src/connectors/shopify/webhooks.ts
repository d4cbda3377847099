import { toIso } from "../../core/clock.ts";
import type { RawRequest, Verification, Webhooks } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { ShopifySettings } from "../settings.ts";
import { isOursBy } from "./projection.ts";
import { openPush, tokenOf } from "./pubsub.ts";
import { createVerifier, type SignatureVerdict } from "./signature.ts";
import { parseLossless, projectWebhook, sourceAtOf } from "./webhook-bodies.ts";

/**
 * Authentic means: signed over the raw bytes with one of the accepted client secrets, or brought by Google Pub/Sub with
 * the configured token; and sent for this shop. Anything else is 401, which app review checks. An authentic body that
 * its topic does not promise is `malformed`.
 */
export const createWebhooks = (settings: ShopifySettings, deps: Pick<ConnectorDeps, "clock">): Webhooks => {
  // While a secret is rotated, old and new may sign for about an hour.
  const secrets = [settings.credentials.clientSecret, ...settings.webhookSecrets];
  const verifiers = secrets.map((secret) => createVerifier(secret.reveal()));
  const receive = createReceive(settings, deps);

  const signed = (request: RawRequest): Verification => {
    const text = exactText(request.body);
    if (text === undefined) return { kind: "refused", status: 401, reason: "the body is no UTF-8" };
    const verdicts = verifiers.map((verify) => verify(request));
    const accepted = verdicts.find((verdict) => verdict.valid);
    if (accepted === undefined) return { kind: "refused", status: 401, reason: refusalOf(verdicts) };
    const { domain, webhookId } = accepted;
    return receive({ headers: request.headers, text, domain, webhookId });
  };

  const pushed = (request: RawRequest, token: string, expected: string): Verification => {
    const opened = openPush(request.body, { token, expected });
    if (opened.kind !== "message") return opened;
    const { attributes, data, messageId } = opened;
    const text = exactText(data);
    const topic = attributes["x-shopify-topic"] ?? "";
    if (text === undefined) return { kind: "malformed", id: messageId, topic, reason: "the message is no UTF-8" };
    const domain = attributes["x-shopify-shop-domain"] ?? "";
    return receive({ headers: attributes, text, domain, webhookId: attributes["x-shopify-webhook-id"] ?? messageId });
  };

  return {
    async verify(request) {
      if (request.method !== "POST") return { kind: "refused", status: 405, reason: "webhooks come by POST" };
      const token = tokenOf(request.url);
      return token === undefined || settings.pubsubToken === undefined
        ? signed(request)
        : pushed(request, token, settings.pubsubToken.reveal());
    },
  };
};

/** The most telling reason: one secret may have matched and a header be missing. */
const refusalOf = (verdicts: readonly SignatureVerdict[]): string => {
  const reasons = verdicts.flatMap((verdict) => (verdict.valid ? [] : [verdict.reason]));
  return reasons.find((reason) => reason !== "invalid_hmac") ?? "invalid_hmac";
};

/** The bytes as text that encodes back to the same bytes, so that a signature over the text is one over the bytes. */
const exactText = (body: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
};

type Received = {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly domain: string;
  readonly webhookId: string;
};

const createReceive = (settings: ShopifySettings, deps: Pick<ConnectorDeps, "clock">) => {
  const isOurs = isOursBy(settings);
  return ({ headers, text, domain, webhookId: id }: Received): Verification => {
    if (domain.toLowerCase() !== settings.shop.toLowerCase()) {
      return { kind: "refused", status: 401, reason: "signed for another shop" };
    }
    const topic = headers["x-shopify-topic"] ?? "";
    const triggered = Date.parse(headers["x-shopify-triggered-at"] ?? "");
    const stamp = { triggeredAt: toIso(Number.isNaN(triggered) ? deps.clock.now() : triggered), isOurs };
    try {
      const payload = projectWebhook(topic, parseLossless(text), stamp);
      return { kind: "delivery", delivery: { id, topic, payload, sourceAt: sourceAtOf(payload, stamp) } };
    } catch {
      // The parser's complaint may quote the body, which may hold a buyer's data: it stays out of the reason.
      return { kind: "malformed", id, topic, reason: `the body is not what ${topic} promises` };
    }
  };
};
