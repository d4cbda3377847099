import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { Budget } from "../budget.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { EbayClient } from "./client.ts";
import { type EbayQuota, perWindow } from "./quotas.ts";

/** developer_analytics v1_beta `getRateLimits`; only what is needed. `timeWindow` in seconds. */
const RateLimits = z.object({
  rateLimits: z.array(
    z.object({
      resources: z.array(
        z.object({
          name: z.string(),
          rates: z
            .array(z.object({ limit: z.number(), remaining: z.number(), reset: z.string(), timeWindow: z.number() }))
            .optional(),
        }),
      ),
    }),
  ),
});

/** The names under which eBay counts our quotas; token mints are not among them. */
const countedAs: Partial<Record<EbayQuota, { readonly api_context: string; readonly api_name: string }>> = {
  inventory: { api_context: "sell", api_name: "inventory" },
  fulfillment: { api_context: "sell", api_name: "fulfillment" },
  feed: { api_context: "sell", api_name: "feed" },
};

type Remaining = {
  readonly remaining: number;
  readonly limit: number;
  readonly resetAtMs: number;
  readonly windowSeconds: number;
};

/** eBay's own count into our mirror: it knows of every process and of other software on the same keys. */
const observe = (quota: EbayQuota, { remaining, limit, windowSeconds }: Remaining, budget: Budget): void => {
  const { ratePerSecond, burst } = perWindow(limit, windowSeconds);
  budget.observe(quota, { remaining, ...(limit > 0 && windowSeconds > 0 && { ratePerSecond, burst }) });
};

/**
 * What is left of a quota's day, as eBay counts it, noted in the budget; undefined when eBay does not count it by name
 * or cannot say.
 */
export const readRemaining = async (
  quota: EbayQuota,
  client: EbayClient,
  budget: Budget,
  signal: AbortSignal,
): Promise<Remaining | undefined> => {
  const query = countedAs[quota];
  if (query === undefined) return undefined;
  const answer = await client(
    {
      method: "GET",
      path: "/developer/analytics/v1_beta/rate_limit/",
      query,
      quota: "analytics",
      as: "application",
      repeatable: true,
      timeoutMs: 5_000,
    },
    signal,
  );
  const rates = RateLimits.safeParse(answer.body)
    .data?.rateLimits.flatMap(({ resources }) => resources)
    .flatMap(({ rates }) => rates ?? []);
  const scarcest = rates?.toSorted((a, b) => a.remaining - b.remaining)[0];
  if (scarcest === undefined) return undefined;
  const { remaining, limit, reset, timeWindow: windowSeconds } = scarcest;
  const seen = { remaining, limit, resetAtMs: Date.parse(reset), windowSeconds };
  observe(quota, seen, budget);
  return seen;
};

const askMsMax = 3_000;

/**
 * After a 429: how long until the quota resets, when the day's calls are used up; undefined when there are calls left
 * (then it was a burst, and seconds suffice) or eBay does not say. Never makes the throttle any worse.
 */
export const askWaitMs = async (
  quota: EbayQuota,
  client: EbayClient,
  { clock, budget, log }: ConnectorDeps,
  signal: AbortSignal,
): Promise<number | undefined> => {
  // Asking may itself need a token: it must never take longer than the wait that it is about.
  if ((await budget.spare("analytics")) < 1 || (await budget.spare("applicationToken")) < 1) return undefined;
  const soon = AbortSignal.any([signal, AbortSignal.timeout(askMsMax)]);
  try {
    const seen = await readRemaining(quota, client, budget, soon);
    if (seen === undefined || seen.remaining > 0 || Number.isNaN(seen.resetAtMs)) return undefined;
    return Math.max(1_000, seen.resetAtMs - clock.now());
  } catch (error) {
    if (!(error instanceof ChannelError) && !soon.aborted) throw error;
    log.debug({ quota }, "eBay did not tell its rate limits");
    return undefined;
  }
};
