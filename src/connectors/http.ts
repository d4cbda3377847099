import axios, { type AxiosRequestConfig, type AxiosResponse } from "axios";
import pRetry from "p-retry";
import { ChannelError } from "../core/failure.ts";
import type { ConnectorDeps } from "./deps.ts";

export type HttpRequest = AxiosRequestConfig & {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  /** True when sending it twice has the effect of once; only then does a lost answer lead to a retry inside the call. */
  readonly repeatable: boolean;
  readonly timeoutMs?: number;
};

/** Turns an answer that is no success into a ChannelError; returns undefined when the status is fine for the caller. */
export type Classify = (response: AxiosResponse<unknown>) => ChannelError | undefined;

export type Http = (request: HttpRequest, signal: AbortSignal) => Promise<AxiosResponse<unknown>>;

/** Axios errors carry the request with its token or secret: what goes on keeps message and code only. */
const scrubbed = (error: unknown): Error =>
  Object.assign(new Error((error as Error).message), { code: (error as { code?: unknown }).code });

const defaultTimeoutMs = 10_000;
/** Seconds inside one call; minutes between runs belong to the queue, and the two are never multiplied. */
const retriesMax = 2;

/**
 * One axios instance with a total deadline, no redirects, every status passed to `classify`, and p-retry around
 * calls that may be repeated. Errors: `ChannelError` only; network trouble is `retryable`, and `ambiguous` for a
 * request that is not repeatable.
 */
export const createHttp = (deps: Pick<ConnectorDeps, "random" | "log" | "calls">, classify: Classify): Http => {
  const client = axios.create();
  const once = async (request: HttpRequest, signal: AbortSignal): Promise<AxiosResponse<unknown>> => {
    const { repeatable, timeoutMs = defaultTimeoutMs, ...config } = request;
    const deadline = AbortSignal.timeout(timeoutMs);
    const done = deps.calls?.begin({
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: request.data,
    });
    let response: AxiosResponse<unknown>;
    try {
      response = await client.request<unknown>({
        maxRedirects: 0,
        validateStatus: () => true,
        ...config,
        signal: AbortSignal.any([signal, deadline]),
      });
    } catch (cause) {
      if (signal.aborted) {
        done?.(undefined, signal.reason);
        throw signal.reason;
      }
      const failure = new ChannelError({
        kind: "retryable",
        message: deadline.aborted ? `no answer within ${timeoutMs} ms` : `network: ${(cause as Error).message}`,
        ambiguous: !repeatable,
        cause: scrubbed(cause),
      });
      done?.(undefined, failure);
      throw failure;
    }
    const failure = classify(response);
    done?.({ ...response, body: response.data }, failure);
    if (failure !== undefined) throw failure;
    return response;
  };
  return (request, signal) =>
    pRetry(() => once(request, signal), {
      retries: request.repeatable ? retriesMax : 0,
      minTimeout: 100 + Math.round(deps.random() * 150),
      maxTimeout: 2_000,
      factor: 3,
      signal,
      shouldRetry: ({ error }) => error instanceof ChannelError && error.kind === "retryable",
      onFailedAttempt: ({ error, attemptNumber, retriesLeft }) => {
        deps.log.debug({ attemptNumber, retriesLeft, err: error.message, url: request.url }, "channel call failed");
      },
    });
};
