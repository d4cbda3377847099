import { Secret } from "../core/secret.ts";

const censored = "[redacted]";
const depthMax = 8;
const textMax = 4_000;

/** Compared without case, dashes and underscores: `access_token`, `accessToken` and `X-Access-Token` are one name. */
const secretNames = new Set(
  `authorization proxyauthorization cookie setcookie password passwd secret clientsecret secretkey token accesstoken
   refreshtoken idtoken verificationtoken csrftoken formtoken xamzaccesstoken xshopifyaccesstoken xshopifyhmacsha256
   xebaysignature apikey privatekey credentials databaseurl redisurl connectionstring`.split(/\s+/),
);

/** Fields in which channels send a buyer's person. We keep none of them; should one reach a log, it stops here. */
const personalNames = new Set(
  `email buyeremail contactemail firstname lastname fullname customername buyername recipientname buyer customer
   phone phonenumber address address1 address2 addressline1 addressline2 street city zip postalcode postcode
   shippingaddress billingaddress shipto username giftmessage note notes browserip clientip ip`.split(/\s+/),
);

/** Things that look like a credential wherever they stand in a text. */
const secretText =
  /\b(?:lsk_[0-9a-f]{8}_[0-9a-f_]+|(?:Bearer|Basic)\s+[\w.~+/=-]{8,}|shp[a-z]{2}_\w{8,}|Atz[ar]\|[\w/+=.|-]+)|\/\/[^\s/@:]*:[^\s/@]+@/g;

const normalise = (name: string): string => name.toLowerCase().replace(/[-_]/g, "");
const isCensoredName = (name: string): boolean =>
  secretNames.has(normalise(name)) || personalNames.has(normalise(name));

/** Text without anything that looks like a credential, cut to a bounded length. */
const redactText = (text: string): string => {
  const cut = text.length > textMax ? `${text.slice(0, textMax)}…` : text;
  return cut.replace(secretText, censored);
};

const errorFields = ["code", "kind", "ambiguous", "retryAfterMs", "channelCode", "requestId", "status"] as const;

/**
 * An error as fields. Only the named ones: an HTTP client's error carries the whole request, headers and tokens
 * included, as properties.
 */
const redactError = (error: Error, depth: number): object => {
  const fields: Record<string, unknown> = { type: error.name, message: redactText(error.message) };
  for (const field of errorFields) {
    const value: unknown = Reflect.get(error, field);
    if (typeof value === "string") fields[field] = redactText(value);
    if (typeof value === "number" || typeof value === "boolean") fields[field] = value;
  }
  if (error.stack !== undefined) fields["stack"] = redactText(error.stack);
  if (error.cause !== undefined) fields["cause"] = redact(error.cause, depth + 1);
  return fields;
};

/** A copy of a log's fields with secrets and personal fields censored, at any depth. */
export const redact = (value: unknown, depth = 0): unknown => {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (value === null || typeof value !== "object") return value;
  if (depth >= depthMax) return "[too deep]";
  if (value instanceof Secret) return value.toJSON();
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => redact(item, depth + 1));
  const entries = Object.entries(value).map(([name, item]) => [
    name,
    isCensoredName(name) ? censored : redact(item, depth + 1),
  ]);
  return Object.fromEntries(entries);
};
