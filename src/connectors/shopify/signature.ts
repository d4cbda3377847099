import { createHmac } from "node:crypto";
import { sameBytes } from "../../core/digest.ts";
import type { RawRequest } from "../connector.ts";

export type SignatureVerdict =
  | { readonly valid: true; readonly domain: string; readonly webhookId: string }
  | { readonly valid: false; readonly reason: "missing_body" | "missing_hmac" | "invalid_hmac" | "missing_headers" };

/**
 * Shopify's signature: base64 of HMAC-SHA256 over the raw bytes, compared in constant time, and the headers that every
 * classic webhook carries. The verdicts are those of Shopify's own library, and a test holds them against it; that one
 * takes 0.3 ms a webhook, most of it for reading headers again and again.
 */
export const createVerifier =
  (secret: string): ((request: RawRequest) => SignatureVerdict) =>
  ({ headers, body }) => {
    if (body.length === 0) return { valid: false, reason: "missing_body" };
    const told = headers["x-shopify-hmac-sha256"] ?? "";
    if (told === "") return { valid: false, reason: "missing_hmac" };
    const ours = createHmac("sha256", secret).update(body).digest("base64");
    if (!sameBytes(Buffer.from(told), Buffer.from(ours))) return { valid: false, reason: "invalid_hmac" };
    const topic = headers["x-shopify-topic"] ?? "";
    const domain = headers["x-shopify-shop-domain"] ?? "";
    const apiVersion = headers["x-shopify-api-version"] ?? "";
    const webhookId = headers["x-shopify-webhook-id"] ?? "";
    if ([topic, domain, apiVersion, webhookId].includes("")) return { valid: false, reason: "missing_headers" };
    return { valid: true, domain, webhookId };
  };
