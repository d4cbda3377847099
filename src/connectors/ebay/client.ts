import type { AxiosResponse } from "axios";
import type { Json } from "../../core/digest.ts";
import { ChannelError } from "../../core/failure.ts";
import type { ConnectorDeps } from "../deps.ts";
import { createHttp } from "../http.ts";
import type { EbaySettings } from "../settings.ts";
import { createClassify, waitAfter429Ms } from "./failures.ts";
import type { EbayQuota } from "./quotas.ts";
import { askWaitMs } from "./rate-limits.ts";
import { createMint, createTokenSource } from "./token.ts";

export type EbayCall = {
  readonly method: "GET" | "POST" | "PUT";
  /** From the host's root, already percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Json;
  readonly quota: EbayQuota;
  /** Whose token: the seller's (default) or the application's. */
  readonly as?: "seller" | "application";
  /** False for writes: an absolute quantity sent again later may overwrite a sale. */
  readonly repeatable: boolean;
  readonly timeoutMs?: number;
  /** How the token travels: `Bearer` (default), `IAF` (Post-Order), or a header of its own (Trading) (§1). */
  readonly tokenAs?: "bearer" | "iaf" | "trading";
  /** Over the headers that every call has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `stream`: the body comes as a readable stream, for files. */
  readonly responseType?: "stream";
};

export type EbayAnswer = {
  readonly status: number;
  readonly body: unknown;
  readonly headers: AxiosResponse["headers"];
  /** Epoch ms right before the request was first written: what the answer shows is at least this new. */
  readonly sentAtMs: number;
};

/** Errors: `ChannelError` only. `auth` after one forced refresh; `ambiguous` when a write may have taken effect. */
export type EbayClient = (call: EbayCall, signal: AbortSignal) => Promise<EbayAnswer>;

const realHost = "https://api.ebay.com";
const briefThrottleMs = 5_000;
const throttlesMax = 5;

/** Auth, headers, quota and refresh around every call to one seller's account. */
export const createEbayClient = (settings: EbaySettings, deps: ConnectorDeps): EbayClient => {
  const { clock, budget, log, random } = deps;
  const api = withoutSlash(settings.endpoints.api ?? realHost);
  // The token endpoint lives on the API's host, so a sandbox `api` never sends its credentials to production.
  const url = `${withoutSlash(settings.endpoints.auth ?? api)}/identity/v1/oauth2/token`;
  const http = createHttp(deps, createClassify(clock));
  const grants = { http, budget, random, url };
  const tokens = {
    seller: createTokenSource(createMint("seller", settings.credentials, grants), clock),
    application: createTokenSource(createMint("application", settings.credentials, grants), clock),
  };
  const headers = headersFor(settings);

  const sendOnce = async (
    call: EbayCall,
    token: string,
    throttlesBefore: number,
    signal: AbortSignal,
  ): Promise<EbayAnswer> => {
    const sentAtMs = clock.now();
    try {
      const answer = await http(
        {
          method: call.method,
          url: `${api}${call.path}${queryOf(call.query)}`,
          headers: { ...headers, ...call.headers, ...authorization(call, token) },
          ...(call.body !== undefined && { data: call.body }),
          ...(call.timeoutMs !== undefined && { timeoutMs: call.timeoutMs }),
          ...(call.responseType !== undefined && { responseType: call.responseType }),
          repeatable: call.repeatable,
        },
        signal,
      );
      return { status: answer.status, body: answer.data, headers: answer.headers, sentAtMs };
    } catch (error) {
      if (isThrottle(error)) throw await asThrottle(error, call.quota, throttlesBefore, { client: send, deps, signal });
      throw call.repeatable ? error : asWritten(error, signal);
    }
  };

  /**
   * An expired token was refused before anything was done, so even a write may go a second time. A read of 25 listings
   * takes 26 calls: one passing throttle among them must not throw away the other 25. The bucket holds the next try back
   * for as long as eBay asked; longer waits are the caller's. The token is taken after the wait: one that was good
   * before may have died meanwhile.
   */
  const send: EbayClient = async (call, signal) => {
    const source = tokens[call.as ?? "seller"];
    let renewed = false;
    for (let throttles = 0; ; ) {
      await budget.take(call.quota, signal);
      const token = await source.get(signal);
      try {
        return await sendOnce(call, token, throttles, signal);
      } catch (error) {
        if (!renewed && error instanceof ChannelError && error.kind === "auth") {
          log.info(
            { accountId: settings.id, channelCode: error.channelCode },
            "eBay refused the token, refreshing once",
          );
          renewed = true;
          source.discard(token);
          continue;
        }
        throttles += 1;
        const brief = isThrottle(error) && (error.retryAfterMs ?? Number.POSITIVE_INFINITY) <= briefThrottleMs;
        if (!call.repeatable || !brief || throttles > throttlesMax) throw error;
        // A throttle may outlast the token that was just minted.
        renewed = false;
      }
    }
  };

  return async (call, signal) => {
    try {
      return await send(call, signal);
    } catch (error) {
      if (error instanceof ChannelError || !signal.aborted) throw error;
      throw new ChannelError({ kind: "retryable", message: "aborted before an answer", cause: error });
    }
  };
};

const isThrottle = (error: unknown): error is ChannelError =>
  error instanceof ChannelError && error.kind === "throttled";

type Asking = { readonly client: EbayClient; readonly deps: ConnectorDeps; readonly signal: AbortSignal };

/** Waits named by eBay go first; else a day's quota used up lasts until its reset, and a burst some seconds. */
const asThrottle = async (
  error: ChannelError,
  quota: EbayQuota,
  throttlesBefore: number,
  { client, deps, signal }: Asking,
): Promise<ChannelError> => {
  const mayAsk = error.retryAfterMs === undefined && quota !== "analytics";
  const askedMs = mayAsk ? await askWaitMs(quota, client, deps, signal) : undefined;
  const guessMs = Math.min(briefThrottleMs, waitAfter429Ms(error, deps.random) * 2 ** throttlesBefore);
  const retryAfterMs = askedMs ?? error.retryAfterMs ?? guessMs;
  // eBay's quotas are whole days: only when eBay says that the day is used up is the bucket empty.
  if (askedMs === undefined) deps.budget.pause(quota, retryAfterMs);
  else deps.budget.throttled(quota, retryAfterMs);
  return new ChannelError({ ...named(error), kind: "throttled", message: error.message, retryAfterMs, cause: error });
};

const authorization = ({ tokenAs = "bearer" }: EbayCall, token: string): Readonly<Record<string, string>> => {
  if (tokenAs === "trading") return { "X-EBAY-API-IAF-TOKEN": token };
  return { Authorization: `${tokenAs === "iaf" ? "IAF" : "Bearer"} ${token}` };
};

/** Accept-Language is never left to a library: Sell Inventory refuses `*` with 400 / 25709 (§2). */
const headersFor = (settings: EbaySettings): Readonly<Record<string, string>> => ({
  Accept: "application/json",
  "Content-Type": "application/json",
  "Accept-Language": settings.locale,
  "Content-Language": settings.locale,
  "X-EBAY-C-MARKETPLACE-ID": settings.marketplaceId,
});

/**
 * Once a write is on its way, a lost answer, a 5xx or our own abort all leave open whether it took effect.
 * 25025 (concurrent access) is eBay's clear "not done".
 */
const asWritten = (error: unknown, signal: AbortSignal): unknown => {
  const lost =
    error instanceof ChannelError ? error.kind === "retryable" && error.channelCode !== "25025" : signal.aborted;
  if (!lost) return error;
  const message = error instanceof ChannelError ? error.message : "aborted while the answer was awaited";
  return new ChannelError({ ...named(error), kind: "retryable", message, ambiguous: true, cause: error });
};

const named = (error: unknown): { channelCode?: string; requestId?: string } =>
  error instanceof ChannelError
    ? {
        ...(error.channelCode !== undefined && { channelCode: error.channelCode }),
        ...(error.requestId !== undefined && { requestId: error.requestId }),
      }
    : {};

const withoutSlash = (url: string): string => url.replace(/\/+$/, "");

/** Everything encoded, `[ ] { } |` of the order filter included, which URL libraries tend to leave alone (§7). */
const queryOf = (query: Readonly<Record<string, string>> = {}): string => {
  const pairs = Object.entries(query).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
};
