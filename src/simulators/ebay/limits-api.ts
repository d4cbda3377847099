import { toIso } from "../../core/clock.ts";
import type { Answer } from "./answers.ts";
import { type Api, apis } from "./contracts.ts";
import type { DailyWindow } from "./daily-window.ts";
import type { Call, Handler } from "./gate.ts";

/** What is left of the day's calls, by interface (channel document §3). */
export const limitHandlers = (quotas: Readonly<Record<Api, DailyWindow>>): Readonly<Record<string, Handler>> => {
  const answer = ({ query }: Call): Answer => {
    const rateLimits = apis
      .map((api) => {
        const [apiContext = "", apiName = ""] = api.split(".");
        return { apiContext, apiName, apiVersion: api === "developer.analytics" ? "v1_beta" : "v1", api };
      })
      .filter(
        ({ apiContext, apiName }) =>
          matches(query.get("api_context"), apiContext) && matches(query.get("api_name"), apiName),
      )
      .map(({ api, ...named }) => ({ ...named, resources: [{ name: api, rates: [rate(quotas[api])] }] }));
    return rateLimits.length === 0 ? { status: 204 } : { status: 200, body: { rateLimits } };
  };
  return {
    getRateLimits: { needs: "application-limits", handle: answer },
    getUserRateLimits: { needs: "user-limits", handle: answer },
  };
};

const matches = (asked: string | null, name: string): boolean => asked === null || asked.toLowerCase() === name;

const rate = (quota: DailyWindow) => ({
  count: quota.count,
  limit: quota.limit,
  remaining: quota.limit - quota.count,
  reset: toIso(quota.resetsAtMs),
  timeWindow: Math.max(1, Math.round(quota.lengthMs / 1000)),
});
