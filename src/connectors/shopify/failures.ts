import type { AxiosResponse } from "axios";
import { ChannelError, type FailureKind } from "../../core/failure.ts";
import { Envelope } from "./schemas.ts";

/** Lets the bucket refill a little when the channel does not say how long to wait. */
const throttleFallbackMs = 1_000;
/** 423 and 430 do not end by themselves within minutes, yet need no new credentials. */
const statusKinds: Readonly<Record<number, readonly [FailureKind, string]>> = {
  401: ["auth", "the access token was not accepted"],
  402: ["permanent", "the shop is frozen"],
  403: ["auth", "the app may not do this"],
  404: ["permanent", "no such shop or API version"],
  423: ["permanent", "the shop is locked"],
  430: ["permanent", "the request was blocked as suspicious"],
};

export type AnswerView = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
};

export const viewOf = (response: AxiosResponse<unknown>): AnswerView => ({
  status: response.status,
  headers: response.headers,
  body: response.data,
});

const headerOf = (view: AnswerView, name: string): string | undefined => {
  const value = view.headers[name];
  return typeof value === "string" ? value : undefined;
};

/**
 * The three layers of a Shopify answer: HTTP status, top-level `errors[]` (which come with HTTP 200), and `userErrors`,
 * which are the caller's. `write`: a 5xx, timeout or unreadable answer leaves open whether it took effect, and errors
 * beside a complete payload are no failure: a successful write may carry them.
 * @returns undefined when the answer has usable data.
 */
export const failureOf = (
  view: AnswerView,
  options: { readonly write: boolean; readonly nowMs: number },
): ChannelError | undefined => {
  const requestId = headerOf(view, "x-request-id");
  const trace = requestId === undefined ? {} : { requestId };
  if (view.status !== 200) return ofStatus(view, options, trace);
  const parsed = Envelope.safeParse(view.body);
  if (!parsed.success) {
    return new ChannelError({
      kind: "retryable",
      message: "an answer that is no GraphQL",
      ambiguous: options.write,
      ...trace,
    });
  }
  return ofEnvelope(parsed.data, options, trace);
};

type Trace = { readonly requestId?: string };

const ofStatus = (
  view: AnswerView,
  options: { readonly write: boolean; readonly nowMs: number },
  trace: Trace,
): ChannelError => {
  const channelCode = String(view.status);
  if (view.status === 429) {
    const retryAfterMs = retryAfterMsOf(headerOf(view, "retry-after"), options.nowMs);
    return new ChannelError({ kind: "throttled", message: "too many requests", retryAfterMs, channelCode, ...trace });
  }
  const known = statusKinds[view.status];
  if (known !== undefined) return new ChannelError({ kind: known[0], message: known[1], channelCode, ...trace });
  if (view.status >= 500) {
    return new ChannelError({
      kind: "retryable",
      message: "the channel failed",
      ambiguous: options.write,
      channelCode,
      ...trace,
    });
  }
  return new ChannelError({ kind: "permanent", message: `unexpected status ${view.status}`, channelCode, ...trace });
};

const ofEnvelope = (body: Envelope, options: { readonly write: boolean }, trace: Trace): ChannelError | undefined => {
  const { errors } = body;
  const first = typeof errors === "string" ? { message: errors, extensions: undefined } : errors?.[0];
  if (first === undefined) {
    if (body.data !== null && body.data !== undefined) return undefined;
    return new ChannelError({
      kind: "retryable",
      message: "an answer without data",
      ambiguous: options.write,
      ...trace,
    });
  }
  const roots = Object.values(body.data ?? {});
  const complete = roots.length > 0 && roots.every((root) => root !== null && root !== undefined);
  if (options.write && complete) return undefined;
  const code = first.extensions?.code ?? "";
  const common = {
    channelCode: code,
    ...trace,
    ...(first.extensions?.requestId === undefined ? {} : { requestId: first.extensions.requestId }),
  };
  switch (code) {
    case "THROTTLED":
      return new ChannelError({ kind: "throttled", message: first.message, retryAfterMs: refillMsOf(body), ...common });
    case "INTERNAL_SERVER_ERROR":
    case "TIMEOUT":
      return new ChannelError({ kind: "retryable", message: first.message, ambiguous: options.write, ...common });
    case "ACCESS_DENIED":
      return new ChannelError({ kind: "auth", message: first.message, ...common });
    default:
      // MAX_COST_EXCEEDED, BAD_REQUEST, INVALID_VARIABLE, undefinedField …: our own fault, no retry mends it.
      return new ChannelError({ kind: "permanent", message: first.message, ...common });
  }
};

/** Time until the bucket holds what the refused query asked for: (requested − available) / restore rate. */
const refillMsOf = (body: Envelope): number => {
  const cost = body.extensions?.cost;
  if (cost === undefined || cost.throttleStatus.restoreRate <= 0) return throttleFallbackMs;
  const missing = (cost.requestedQueryCost ?? 0) - cost.throttleStatus.currentlyAvailable;
  return missing <= 0 ? throttleFallbackMs : Math.ceil((missing / cost.throttleStatus.restoreRate) * 1000);
};

/** Retry-After is in *seconds*, often with a fraction ("2.0"); a date is accepted too. */
export const retryAfterMsOf = (value: string | undefined, nowMs: number): number => {
  if (value === undefined) return throttleFallbackMs;
  const seconds = Number(value);
  if (Number.isFinite(seconds) && seconds >= 0) return Math.ceil(seconds * 1000);
  const at = Date.parse(value);
  return Number.isNaN(at) ? throttleFallbackMs : Math.max(0, at - nowMs);
};
