import type { Clock } from "../../core/clock.ts";
import { ChannelError } from "../../core/failure.ts";
import type { ConnectorDeps } from "../deps.ts";
import { createHttp } from "../http.ts";
import { createRefusedRefresh } from "../refused-refresh.ts";
import type { ShopifySettings } from "../settings.ts";
import { retryAfterMsOf } from "./failures.ts";
import { TokenAnswer } from "./schemas.ts";

export interface TokenSource {
  /** The access token. `refresh`: the one handed out last was refused; get another if there is a way. */
  get(refresh?: { readonly refused: string }): Promise<string>;
  /** False for a token that only a person can replace. */
  readonly renewable: boolean;
}

type Held = { readonly token: string; readonly renewAtMs: number };

/** An existing custom app's token as it is, or the client-credentials grant (channel document §1). */
export const createTokenSource = (
  settings: ShopifySettings,
  deps: Omit<ConnectorDeps, "budget">,
  baseUrl: string,
): TokenSource => {
  const { accessToken, clientId } = settings.credentials;
  if (accessToken !== undefined) return { renewable: false, get: async () => accessToken.reveal() };
  if (clientId === undefined) {
    const missing = new ChannelError({
      kind: "auth",
      message: "credentials need accessToken, or clientId with clientSecret",
    });
    return { renewable: false, get: () => Promise.reject(missing) };
  }
  return cached(deps.clock, () => request(settings, deps, baseUrl, clientId));
};

/** Used for 80 % of its life by the monotonic clock; one request in flight whoever asks. */
const cached = (clock: Clock, fetchToken: () => Promise<{ token: string; lifeMs: number }>): TokenSource => {
  let held: Held | undefined;
  let inFlight: Promise<string> | undefined;
  const unlessRefused = createRefusedRefresh(clock);
  const renew = async (): Promise<string> => {
    const startedMs = clock.monotonicMs();
    const { token, lifeMs } = await fetchToken();
    held = { token, renewAtMs: startedMs + lifeMs * 0.8 };
    return token;
  };
  return {
    renewable: true,
    get(refresh) {
      // Another caller may have renewed the refused token already.
      const usable = held !== undefined && clock.monotonicMs() < held.renewAtMs && held.token !== refresh?.refused;
      if (usable && held !== undefined) return Promise.resolve(held.token);
      inFlight ??= unlessRefused(renew).finally(() => {
        inFlight = undefined;
      });
      return inFlight;
    },
  };
};

const request = async (
  settings: ShopifySettings,
  deps: Omit<ConnectorDeps, "budget">,
  baseUrl: string,
  clientId: string,
): Promise<{ token: string; lifeMs: number }> => {
  const http = createHttp(deps, (response) => {
    if (response.status === 200) return undefined;
    const channelCode = String(response.status);
    if (response.status === 429) {
      const header: unknown = response.headers["retry-after"];
      const retryAfterMs = retryAfterMsOf(typeof header === "string" ? header : undefined, deps.clock.now());
      return new ChannelError({ kind: "throttled", message: "too many token requests", retryAfterMs, channelCode });
    }
    if (response.status >= 500)
      return new ChannelError({ kind: "retryable", message: "no token: the channel failed", channelCode });
    return new ChannelError({ kind: "auth", message: "the client id and secret were not accepted", channelCode });
  });
  // Its own signal: the token serves every caller, so one caller's abort must not fail the others.
  const response = await http(
    {
      method: "POST",
      url: `${baseUrl}/admin/oauth/access_token`,
      data: {
        client_id: clientId,
        client_secret: settings.credentials.clientSecret.reveal(),
        grant_type: "client_credentials",
      },
      repeatable: true,
    },
    new AbortController().signal,
  );
  const answer = TokenAnswer.safeParse(response.data);
  if (!answer.success) throw new ChannelError({ kind: "retryable", message: "a token answer that is none" });
  return { token: answer.data.access_token, lifeMs: answer.data.expires_in * 1000 };
};
