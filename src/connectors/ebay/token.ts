import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { ChannelError } from "../../core/failure.ts";
import type { Random } from "../../core/random.ts";
import type { Budget } from "../budget.ts";
import type { Http } from "../http.ts";
import { createRefusedRefresh } from "../refused-refresh.ts";
import type { EbaySettings } from "../settings.ts";
import { unreadable, waitAfter429Ms } from "./failures.ts";
import type { EbayQuota } from "./quotas.ts";

export interface TokenSource {
  /** The cached token, or a new one. */
  get(signal: AbortSignal): Promise<string>;
  /** Refused: the next `get` mints, unless somebody already did. */
  discard(stale: string): void;
}

type Minted = { readonly token: string; readonly lifeMs: number };
type Mint = (signal: AbortSignal) => Promise<Minted>;

const usedShareOfLife = 0.8;
const mintDeadlineMs = 30_000;

/** Caches a token until 80 % of its life by the monotonic clock; callers who find it missing share one mint. */
export const createTokenSource = (mint: Mint, clock: Clock): TokenSource => {
  let cached: { readonly token: string; readonly untilMs: number } | undefined;
  let flight: Promise<string> | undefined;
  const unlessRefused = createRefusedRefresh(clock);

  const mintOnce = async (): Promise<string> => {
    const startedMs = clock.monotonicMs();
    // The shared mint outlives any one caller, so it has a deadline of its own instead of a caller's signal.
    const { token, lifeMs } = await mint(AbortSignal.timeout(mintDeadlineMs)).catch((error: unknown) => {
      if (error instanceof ChannelError) throw error;
      throw new ChannelError({ kind: "retryable", message: "no token within its deadline", cause: error });
    });
    cached = { token, untilMs: startedMs + lifeMs * usedShareOfLife };
    return token;
  };
  const share = (signal: AbortSignal): Promise<string> => {
    flight ??= unlessRefused(mintOnce).finally(() => {
      flight = undefined;
    });
    return unlessAborted(flight, signal);
  };

  return {
    async get(signal) {
      signal.throwIfAborted();
      return cached !== undefined && clock.monotonicMs() < cached.untilMs ? cached.token : share(signal);
    },
    discard(stale) {
      if (cached?.token === stale) cached = undefined;
    },
  };
};

const TokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

export type GrantDeps = { readonly http: Http; readonly budget: Budget; readonly random: Random; readonly url: string };

/**
 * The two grants (§1). `seller`: the refresh token, without `scope`, so that a scope added later cannot drop the
 * account; the answer brings no new refresh token and ours stays. `application`: client credentials.
 * Minting twice does no harm, so both are repeatable.
 */
export const createMint =
  (
    as: "seller" | "application",
    { clientId, clientSecret, refreshToken }: EbaySettings["credentials"],
    deps: GrantDeps,
  ): Mint =>
  async (signal) => {
    const quota: EbayQuota = as === "seller" ? "sellerToken" : "applicationToken";
    const form =
      as === "seller"
        ? { grant_type: "refresh_token", refresh_token: refreshToken.reveal() }
        : { grant_type: "client_credentials", scope: "https://api.ebay.com/oauth/api_scope" };
    await deps.budget.take(quota, signal);
    const answer = await deps
      .http(
        {
          method: "POST",
          url: deps.url,
          data: new URLSearchParams(form).toString(),
          headers: {
            Authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret.reveal()}`).toString("base64")}`,
            "Content-Type": "application/x-www-form-urlencoded",
            Accept: "application/json",
          },
          repeatable: true,
        },
        signal,
      )
      .catch((error: unknown) => Promise.reject(asThrottled(error, quota, deps)));
    const parsed = TokenAnswer.safeParse(answer.data);
    if (!parsed.success) throw unreadable("token answer", parsed.error);
    return { token: parsed.data.access_token, lifeMs: parsed.data.expires_in * 1000 };
  };

/** Mints have daily limits of their own, which must not empty the bucket of the call that wanted the token. */
const asThrottled = (error: unknown, quota: EbayQuota, { budget, random }: GrantDeps): unknown => {
  if (!(error instanceof ChannelError && error.kind === "throttled")) return error;
  const retryAfterMs = waitAfter429Ms(error, random);
  // The day's mints are not used up by that: an emptied bucket would give the next one in minutes.
  budget.pause(quota, retryAfterMs);
  return new ChannelError({ kind: "throttled", message: error.message, retryAfterMs, cause: error });
};

/** The promise, or the signal's reason if that comes first; the work itself goes on for the others. */
const unlessAborted = async <Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> => {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
};
