import type { AxiosResponse } from "axios";
import type { z } from "zod";
import { toIso } from "../../core/clock.ts";
import type { Json } from "../../core/digest.ts";
import { ChannelError } from "../../core/failure.ts";
import type { ConnectorDeps } from "../deps.ts";
import { createHttp } from "../http.ts";
import type { AmazonSettings } from "../settings.ts";
import { createDenialWatch } from "./denials.ts";
import { endpointsOf, queryString } from "./endpoints.ts";
import { apiFailureOf, isMendedByNewToken } from "./failures.ts";
import { createPacer } from "./pacer.ts";
import type { AmazonOperation } from "./quotas.ts";
import { type Audience, createTokenSource } from "./token.ts";

/** Writes get the shorter time: their answer is small, and a late one only prolongs the doubt. */
const readTimeoutMs = 20_000;
const writeTimeoutMs = 10_000;

export type Call = {
  readonly operation: AmazonOperation;
  readonly method: "GET" | "PATCH" | "POST";
  readonly path: string;
  /** Whose token the operation wants. Default: the seller's. */
  readonly audience?: Audience;
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: Json;
  /** True for a write that does no harm when it happens twice. Reads always are. */
  readonly repeatable?: boolean;
  /** Ends the wait for quota, never a request under way. Default: the call's own signal. */
  readonly quotaSignal?: AbortSignal;
  /** Called when the request is about to leave: from here on it may take effect. */
  readonly onSend?: () => void;
};

export type Answer = {
  readonly data: unknown;
  /** When the request was sent (ISO): what the answer shows is at least as new. */
  readonly sentAt: string;
  /** Amazon's clock at the answer, to measure our skew. */
  readonly date: string | undefined;
};

export interface AmazonClient {
  /** One operation: token, quota, request, classification. Errors: `ChannelError`, or the signal's reason. */
  call(call: Call, signal: AbortSignal): Promise<Answer>;
  /** Asks for a token and drops it: do the credentials work? */
  authenticate(): Promise<void>;
}

export const createAmazonClient = (settings: AmazonSettings, deps: ConnectorDeps): AmazonClient => {
  const endpoints = endpointsOf(settings);
  const sourceOf = (audience: Audience) => createTokenSource(settings, audience, endpoints.token, deps);
  const tokens = { seller: sourceOf("seller"), grantless: sourceOf("grantless") };
  const denials = createDenialWatch(deps);
  const pacer = createPacer(settings.quotas, deps);
  const http = createHttp(deps, apiFailureOf);

  const request = (call: Call, token: string, signal: AbortSignal): Promise<AxiosResponse<unknown>> => {
    const isRead = call.method === "GET";
    return http(
      {
        method: call.method,
        url: `${endpoints.api}${call.path}${queryString(call.query ?? {})}`,
        headers: {
          accept: "application/json",
          "user-agent": "Lockstep/0.1 (Language=TypeScript; Platform=Node.js)",
          "x-amz-access-token": token,
          ...(call.body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(call.body === undefined ? {} : { data: call.body }),
        // An absolute quantity sent a second time could overwrite a sale that came in between.
        repeatable: isRead || call.repeatable === true,
        timeoutMs: isRead ? readTimeoutMs : writeTimeoutMs,
      },
      signal,
    );
  };
  /** `tokenOf` is asked after the wait for quota: a token that was good before it may be dead by then. */
  const paced = async (call: Call, tokenOf: () => Promise<string>, signal: AbortSignal): Promise<Answer> => {
    const quotaSignal = call.quotaSignal === undefined ? signal : AbortSignal.any([signal, call.quotaSignal]);
    await pacer.admit(call.operation, quotaSignal);
    const token = await tokenOf();
    const sentAt = toIso(deps.clock.now());
    call.onSend?.();
    try {
      const response = await request(call, token, signal);
      pacer.succeeded(call.operation, response.headers["x-amzn-ratelimit-limit"]);
      denials.succeeded(call.operation);
      const date: unknown = response.headers["date"];
      return { data: response.data, sentAt, date: typeof date === "string" ? date : undefined };
    } catch (error) {
      // Who is told that there is no such thing was let in.
      if (error instanceof ChannelError && error.kind === "permanent") denials.succeeded(call.operation);
      if (!(error instanceof ChannelError) || error.kind !== "throttled") throw error;
      const retryAfterMs = pacer.throttled(call.operation, error.retryAfterMs);
      throw new ChannelError({ kind: "throttled", message: error.message, retryAfterMs, cause: error });
    }
  };
  return {
    async call(call, signal) {
      const source = tokens[call.audience ?? "seller"];
      let used = "";
      const current = async (): Promise<string> => {
        used = await source.current();
        return used;
      };
      try {
        return await paced(call, current, signal);
      } catch (error) {
        if (!isMendedByNewToken(error)) throw denials.judge(call.operation, error);
        return paced(call, () => source.renew(used), signal);
      }
    },
    async authenticate() {
      await tokens.seller.current();
    },
  };
};

/** The answer in the shape we rely on. A 200 of another shape is a gateway's page or a fault: worth another try. */
export const parseAnswer = <Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
  what: string,
): z.output<Schema> => {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new ChannelError({ kind: "retryable", message: `${what}: unexpected answer at "${where}"` });
};
