import type { AxiosResponse } from "axios";
import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";

const ErrorList = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string(), details: z.string().nullish() })).min(1),
});
const TokenFailure = z.object({ error: z.string(), error_description: z.string().optional() });

/** Our name for the one 403 that a fresh token mends. */
export const expiredTokenCode = "ExpiredToken";
/** A 403 that gives no reason. */
export const unexplainedDenialCode = "UnexplainedDenial";
const expiredSecretCode = "ExpiredSecret";
const revokedTokenCode = "RevokedToken";

/**
 * Expired, revoked, expired client secret and powerless tokens are all 403 with the same code; `details` alone tells
 * them apart (§1). Answers our own code and a sentence for people.
 */
const denialOf = (told: string): { readonly channelCode: string; readonly hint: string } => {
  if (/secret/i.test(told) && /expired/i.test(told)) {
    return { channelCode: expiredSecretCode, hint: "the client secret has expired: make a new one and set it" };
  }
  if (/expired/i.test(told)) return { channelCode: expiredTokenCode, hint: "the access token has expired" };
  if (/revoked|malformed|invalid/i.test(told)) {
    return { channelCode: revokedTokenCode, hint: "the authorisation was withdrawn: authorise the app again" };
  }
  return {
    channelCode: unexplainedDenialCode,
    hint: "no reason given: the app lacks the role, the seller is of another region, or the app is a draft",
  };
};

/** Login with Amazon did not know the client by this secret. */
export const isClientRefused = (error: unknown): boolean =>
  error instanceof ChannelError &&
  error.kind === "auth" &&
  /^(invalid|unauthorized)_client$/.test(error.channelCode ?? "");

/** What a rotated secret leaves behind may also show at the interface itself. */
export const isMendedByNewToken = (error: unknown): error is ChannelError =>
  error instanceof ChannelError && (error.channelCode === expiredTokenCode || error.channelCode === expiredSecretCode);

/** Our name for a 404: the SKU or order does not exist (for this seller). */
const notFoundCode = "NotFound";

export const isNotFound = (error: unknown): boolean =>
  error instanceof ChannelError && error.kind === "permanent" && error.channelCode === notFoundCode;

const headerOf = (response: AxiosResponse<unknown>, name: string): string | undefined => {
  const value: unknown = response.headers[name];
  return typeof value === "string" ? value : undefined;
};

/** Undocumented on Amazon's 429 (§0.7), but honoured when a gateway sends it. Milliseconds; seconds form only. */
const retryAfterOf = (response: AxiosResponse<unknown>): { retryAfterMs: number } | undefined => {
  const seconds = Number(headerOf(response, "retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1000 } : undefined;
};

/**
 * The Selling Partner API's answers by HTTP status first, because `code` is no stable vocabulary (§4). A write that
 * met a 5xx may have been queued: `ambiguous`. `details` serves to judge and is not repeated: it may quote the request.
 */
export const apiFailureOf = (response: AxiosResponse<unknown>): ChannelError | undefined => {
  const { status } = response;
  if (status >= 200 && status < 300) return undefined;
  const first = ErrorList.safeParse(response.data).data?.errors[0];
  const requestId = headerOf(response, "x-amzn-requestid");
  const common = {
    message: `Amazon answered ${status}${first === undefined ? "" : ` ${first.code}: ${first.message}`}`,
    ...(first === undefined ? {} : { channelCode: first.code }),
    ...(requestId === undefined ? {} : { requestId }),
  };
  if (status === 429) return new ChannelError({ kind: "throttled", ...common, ...retryAfterOf(response) });
  if (status >= 500 || status === 408) {
    return new ChannelError({
      kind: "retryable",
      ...common,
      ambiguous: response.config.method?.toUpperCase() !== "GET",
    });
  }
  if (status === 401 || status === 403) {
    const { channelCode, hint } = denialOf(first?.details ?? "");
    return new ChannelError({ kind: "auth", ...common, channelCode, message: `${common.message} (${hint})` });
  }
  // Notifications only: the destination or subscription is there already (§11).
  if (status === 409) return new ChannelError({ kind: "conflict", ...common });
  return new ChannelError({ kind: "permanent", ...common, ...(status === 404 ? { channelCode: notFoundCode } : {}) });
};

/** Login with Amazon answers in OAuth's shape; only 429 and 5xx pass by themselves (§1). */
export const tokenFailureOf = (response: AxiosResponse<unknown>): ChannelError | undefined => {
  const { status } = response;
  if (status === 200) return undefined;
  const told = TokenFailure.safeParse(response.data).data;
  const common = {
    message: `Login with Amazon answered ${status}${told === undefined ? "" : ` ${told.error}`}`,
    ...(told === undefined ? {} : { channelCode: told.error }),
  };
  if (status === 429) return new ChannelError({ kind: "throttled", ...common, ...retryAfterOf(response) });
  if (status >= 500 || status === 408) return new ChannelError({ kind: "retryable", ...common });
  return new ChannelError({ kind: "auth", ...common });
};

/** Codes of a connection that was never made: nothing can have taken effect. */
const neverConnected = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);
const Coded = z.object({ code: z.string() });

/** True when the request surely did not reach Amazon. */
export const neverLeft = (error: ChannelError): boolean =>
  neverConnected.has(Coded.safeParse(error.cause).data?.code ?? "");
