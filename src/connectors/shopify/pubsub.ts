import { z } from "zod";
import { sameBytes, sha256Hex } from "../../core/digest.ts";
import type { Verification } from "../connector.ts";

/** What a Pub/Sub push subscription posts: Shopify's headers as attributes, its body as base64. */
const Envelope = z.object({
  message: z.object({
    messageId: z.string().min(1),
    data: z.base64(),
    attributes: z.record(z.string(), z.string()).default({}),
  }),
});

type Opened =
  | {
      readonly kind: "message";
      /** Lower-case names. */
      readonly attributes: Readonly<Record<string, string>>;
      readonly data: Uint8Array;
      readonly messageId: string;
    }
  | Exclude<Verification, { readonly kind: "delivery" | "answer" }>;

/** The token in the address of a push subscription (`…?token=…`); undefined when there is none. */
export const tokenOf = (url: string): string | undefined => {
  const token = URL.canParse(url) ? new URL(url).searchParams.get("token") : null;
  return token ?? undefined;
};

/**
 * Opens a push of Google Pub/Sub. Shopify does not sign for the bus (channel document §7): what makes it authentic is the
 * token that only the push subscription's address holds.
 */
export const openPush = (
  body: Uint8Array,
  { token, expected }: { readonly token: string; readonly expected: string },
): Opened => {
  if (!sameBytes(Buffer.from(sha256Hex(token)), Buffer.from(sha256Hex(expected)))) {
    return { kind: "refused", status: 401, reason: "the token of the push subscription is another one" };
  }
  const envelope = Envelope.safeParse(jsonOf(body));
  if (!envelope.success) {
    const id = `pubsub:${sha256Hex(body).slice(0, 32)}`;
    return { kind: "malformed", id, topic: "pubsub", reason: "not the envelope of a Pub/Sub push" };
  }
  const { messageId, data, attributes } = envelope.data.message;
  const lower = Object.entries(attributes).map(([name, value]) => [name.toLowerCase(), value]);
  return { kind: "message", attributes: Object.fromEntries(lower), data: Buffer.from(data, "base64"), messageId };
};

const jsonOf = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
};
