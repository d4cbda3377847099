import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { ConnectorDeps } from "../deps.ts";
import { createHttp } from "../http.ts";
import type { AmazonSettings } from "../settings.ts";
import { tokenFailureOf } from "./failures.ts";

const TokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

/** Refreshed at 80 % of its life by our own monotonic clock, so neither side's wall clock matters (§1). */
const usedShare = 0.8;

export interface TokenSource {
  /** A token that should still be good. Errors: `ChannelError` (auth, throttled, retryable). */
  current(): Promise<string>;
  /** A token other than `stale`, which Amazon has just called expired. */
  renew(stale: string): Promise<string>;
}

/**
 * The seller's access token by the refresh-token grant; one refresh at a time however many calls wait for it.
 * No caller's signal aborts it, because the others still need it; the HTTP deadline bounds it.
 */
export const createTokenSource = (
  settings: Pick<AmazonSettings, "credentials">,
  tokenUrl: string,
  deps: ConnectorDeps,
): TokenSource => {
  const http = createHttp(deps, tokenFailureOf);
  const unaborted = new AbortController().signal;
  let cached: { readonly token: string; readonly freshUntilMs: number } | undefined;
  let refreshing: Promise<string> | undefined;

  const refresh = async (): Promise<string> => {
    await deps.budget.take("token", unaborted);
    const { clientId, clientSecret, refreshToken } = settings.credentials;
    const body = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: refreshToken.reveal(),
      client_id: clientId,
      client_secret: clientSecret.reveal(),
    });
    // Asking twice merely makes two valid tokens.
    const response = await http({ method: "POST", url: tokenUrl, data: body, repeatable: true }, unaborted);
    const receivedMs = deps.clock.monotonicMs();
    const answer = TokenAnswer.safeParse(response.data);
    if (!answer.success)
      throw new ChannelError({ kind: "retryable", message: "Login with Amazon: no token in the answer" });
    const { access_token: token, expires_in: lifeSeconds } = answer.data;
    cached = { token, freshUntilMs: receivedMs + lifeSeconds * 1000 * usedShare };
    return token;
  };
  const refreshOnce = (): Promise<string> => {
    refreshing ??= refresh().finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  };
  return {
    async current() {
      return cached !== undefined && deps.clock.monotonicMs() < cached.freshUntilMs ? cached.token : refreshOnce();
    },
    async renew(stale) {
      if (cached !== undefined && cached.token === stale) cached = undefined;
      return cached?.token ?? refreshOnce();
    },
  };
};
