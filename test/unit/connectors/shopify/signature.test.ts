import "@shopify/shopify-api/adapters/node";
import { createHmac } from "node:crypto";
import { ApiVersion, shopifyApi } from "@shopify/shopify-api";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createVerifier } from "../../../../src/connectors/shopify/signature.ts";

const secret = "a-secret";
const library = shopifyApi({
  apiKey: "not-used-for-webhooks",
  apiSecretKey: secret,
  hostName: "localhost",
  apiVersion: ApiVersion.October26,
  isEmbeddedApp: false,
  logger: { log: () => undefined },
});
const verify = createVerifier(secret);
const sign = (body: string, by = secret): string => createHmac("sha256", by).update(body, "utf8").digest("base64");

const names = ["topic", "shop-domain", "api-version", "webhook-id"] as const;

test("a webhook is judged as Shopify's own library judges it, with the same reason", async () => {
  const seen = new Set<string>();
  const signatures = fc.constantFrom(
    "right",
    "of another secret",
    "cut",
    "in capitals",
    "with a blank",
    "empty",
    "none",
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.json(), fc.string(), fc.constant("")),
      signatures,
      fc.subarray([...names]),
      fc.boolean(),
      async (body, signature, left, isEmpty) => {
        const right = sign(body);
        const told = {
          right,
          "of another secret": sign(body, "another"),
          cut: right.slice(0, -1),
          "in capitals": right.toUpperCase(),
          "with a blank": `${right} `,
          empty: "",
          none: undefined,
        }[signature];
        const headers = Object.fromEntries(
          [
            ...names.map((name) => [`x-shopify-${name}`, left.includes(name) ? "given" : isEmpty ? "" : undefined]),
            ["x-shopify-hmac-sha256", told],
          ].filter(([, value]) => value !== undefined),
        ) as Record<string, string>;
        const request = { method: "POST", url: "https://example.com/webhooks", headers };
        const ours = verify({ ...request, body: Buffer.from(body, "utf8") });
        const theirs = await library.webhooks.validate({ rawBody: body, rawRequest: request, rawResponse: undefined });
        seen.add(ours.valid ? "valid" : ours.reason);
        expect(ours.valid ? ours : { valid: false, reason: ours.reason }).toEqual(
          theirs.valid
            ? { valid: true, domain: theirs.domain, webhookId: theirs.webhookId }
            : { valid: false, reason: theirs.reason },
        );
      },
    ),
    { numRuns: 500 },
  );
  expect([...seen].toSorted()).toEqual(["invalid_hmac", "missing_body", "missing_headers", "missing_hmac", "valid"]);
});
