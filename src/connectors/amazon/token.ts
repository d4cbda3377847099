import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { Secret } from "../../core/secret.ts";
import type { ConnectorDeps } from "../deps.ts";
import { createHttp } from "../http.ts";
import { createRefusedRefresh } from "../refused-refresh.ts";
import type { AmazonSettings } from "../settings.ts";
import { isClientRefused, tokenFailureOf } from "./failures.ts";

const TokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

/** Refreshed at 80 % of its life by our own monotonic clock, so neither side's wall clock matters (§1). */
const usedShare = 0.8;
/** Until here a token serves on when its early refresh fails. */
const usableShare = 0.95;
const refreshAgainMs = 15_000;

/** Whose token: the seller's, or the application's own for destinations (grantless, §1). */
export type Audience = "seller" | "grantless";
const notificationsScope = "sellingpartnerapi::notifications";

export interface TokenSource {
  /** A token that should still be good. Errors: `ChannelError` (auth, throttled, retryable). */
  current(): Promise<string>;
  /** A token other than `stale`, which Amazon has just called expired. */
  renew(stale: string): Promise<string>;
}

const grantOf = (audience: Audience, refreshToken: Secret): Readonly<Record<string, string>> =>
  audience === "seller"
    ? { grant_type: "refresh_token", refresh_token: refreshToken.reveal() }
    : { grant_type: "client_credentials", scope: notificationsScope };

type Cached = { readonly token: string; readonly freshUntilMs: number; readonly usableUntilMs: number };

/**
 * Access tokens of one audience; one refresh at a time however many calls wait for it. While a rotation lasts the
 * settings hold two client secrets, and whichever Amazon took last is tried first.
 * No caller's signal aborts a refresh, because the others still need it; the HTTP deadline bounds it.
 */
export const createTokenSource = (
  settings: Pick<AmazonSettings, "credentials">,
  audience: Audience,
  tokenUrl: string,
  deps: ConnectorDeps,
): TokenSource => {
  const http = createHttp(deps, tokenFailureOf);
  const unaborted = new AbortController().signal;
  const { clientId, clientSecret, oldClientSecret, refreshToken } = settings.credentials;
  let secrets: readonly Secret[] = oldClientSecret === undefined ? [clientSecret] : [clientSecret, oldClientSecret];
  let cached: Cached | undefined;
  let refreshing: Promise<string> | undefined;
  let refreshNotBeforeMs = Number.NEGATIVE_INFINITY;
  const unlessRefused = createRefusedRefresh(deps.clock);

  const ask = async (secret: Secret): Promise<string> => {
    await deps.budget.take("token", unaborted);
    const body = new URLSearchParams({
      ...grantOf(audience, refreshToken),
      client_id: clientId,
      client_secret: secret.reveal(),
    });
    // Asking twice merely makes two valid tokens.
    const response = await http({ method: "POST", url: tokenUrl, data: body, repeatable: true }, unaborted);
    const receivedMs = deps.clock.monotonicMs();
    const answer = TokenAnswer.safeParse(response.data);
    if (!answer.success)
      throw new ChannelError({ kind: "retryable", message: "Login with Amazon: no token in the answer" });
    const { access_token: token, expires_in: lifeSeconds } = answer.data;
    const lifeMs = lifeSeconds * 1000;
    cached = { token, freshUntilMs: receivedMs + lifeMs * usedShare, usableUntilMs: receivedMs + lifeMs * usableShare };
    return token;
  };
  const refresh = async (): Promise<string> => {
    const [first = clientSecret, ...others] = secrets;
    try {
      return await ask(first);
    } catch (error) {
      const [other] = others;
      if (other === undefined || !isClientRefused(error)) throw error;
      const token = await ask(other);
      deps.log.warn({}, "Login with Amazon took the other client secret");
      secrets = [other, first];
      return token;
    }
  };
  const refreshOnce = (): Promise<string> => {
    refreshing ??= unlessRefused(refresh).finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  };
  return {
    async current() {
      const nowMs = deps.clock.monotonicMs();
      const held = cached;
      if (held === undefined || nowMs >= held.usableUntilMs) return refreshOnce();
      if (nowMs < held.freshUntilMs || nowMs < refreshNotBeforeMs) return held.token;
      return refreshOnce().catch((error: unknown) => {
        // Early enough: the token in hand is still good, and Login with Amazon may be back before it dies.
        if (error instanceof ChannelError && error.kind === "auth") throw error;
        refreshNotBeforeMs = deps.clock.monotonicMs() + refreshAgainMs;
        return held.token;
      });
    },
    async renew(stale) {
      if (cached !== undefined && cached.token === stale) cached = undefined;
      return cached?.token ?? refreshOnce();
    },
  };
};
