export type Answer = {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export type EbayError = {
  readonly errorId: number;
  readonly domain: string;
  readonly subdomain?: string;
  readonly category: "APPLICATION" | "BUSINESS" | "REQUEST";
  readonly message: string;
  readonly longMessage?: string;
  readonly parameters?: readonly { readonly name: string; readonly value: string }[];
};

/** Channel document §4: the one error body of all REST interfaces. */
export const failed = (status: number, ...errors: readonly EbayError[]): Answer => ({ status, body: { errors } });

const inCategory =
  (domain: string, category: EbayError["category"], subdomain?: string) =>
  (errorId: number, message: string, detail?: string): EbayError => ({
    errorId,
    domain,
    ...(subdomain === undefined ? {} : { subdomain }),
    category,
    message,
    ...(detail === undefined ? {} : { longMessage: detail, parameters: [{ name: "additionalInfo", value: detail }] }),
  });

export const inventoryError = inCategory("API_INVENTORY", "REQUEST", "Selling");
export const inventoryBusinessError = inCategory("API_INVENTORY", "BUSINESS", "Selling");
export const fulfillmentError = inCategory("API_FULFILLMENT", "REQUEST");
export const feedError = inCategory("API_FEED", "REQUEST");
export const notificationError = inCategory("API_NOTIFICATION", "REQUEST");

export const entityNotFound = inventoryError(25710, "The entity you are requesting was not found.");
export const offerNotAvailable = (offerId: string): EbayError =>
  inventoryError(25713, "This Offer is not available.", offerId);

export const accessDenied: Answer = failed(403, {
  errorId: 1100,
  domain: "ACCESS",
  category: "REQUEST",
  message: "Access denied",
  longMessage: "Insufficient permissions to fulfill the request.",
});

export const invalidToken: Answer = failed(401, {
  errorId: 1001,
  domain: "OAuth",
  category: "REQUEST",
  message: "Invalid access token",
  longMessage: "Invalid access token. Check the value of the Authorization HTTP request header.",
});

export const missingToken: Answer = failed(401, {
  errorId: 1002,
  domain: "OAuth",
  category: "REQUEST",
  message: "Missing access token",
  longMessage: "Access token is missing in the Authorization HTTP request header.",
});

/** No Retry-After and no remaining count: the channel documents none (channel document §3). */
export const tooManyRequests: Answer = failed(429, {
  errorId: 2001,
  domain: "ACCESS",
  category: "REQUEST",
  message: "Too many requests.",
  longMessage: "The request limit has been reached for the resource.",
});

export const noSuchResource: Answer = failed(404, {
  errorId: 2002,
  domain: "ACCESS",
  category: "REQUEST",
  message: "Resource not found",
});

/** A server-side failure in the shape of the interface that was asked. */
export const systemError = (path: string): Answer => {
  if (path.startsWith("/identity/"))
    return { status: 500, body: { error: "server_error", error_description: "internal" } };
  const known = [
    ["/sell/inventory/", 25001, "API_INVENTORY"],
    ["/sell/fulfillment/", 30500, "API_FULFILLMENT"],
    ["/sell/feed/", 160001, "API_FEED"],
    ["/post-order/", 0, "returnErrorDomain"],
    ["/commerce/notification/", 195000, "API_NOTIFICATION"],
  ] as const;
  const [, errorId, domain] = known.find(([prefix]) => path.startsWith(prefix)) ?? ["", 105000, "API_ANALYTICS"];
  return failed(500, { errorId, domain, category: "APPLICATION", message: "A system error has occurred." });
};
