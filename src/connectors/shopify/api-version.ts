import type { CheckFinding } from "../connector.ts";

/** A version is asked to be replaced this long before its support ends. */
const warnDays = 45;
const dayMs = 24 * 60 * 60 * 1000;

/** Each version is supported for at least twelve months from the first day of its month (channel document §1). */
export const supportEndsMs = (apiVersion: string): number => {
  const [year = 0, month = 1] = apiVersion.split("-").map(Number);
  return Date.UTC(year + 1, month - 1, 1);
};

type Versions = {
  readonly requested: string;
  /** `X-Shopify-API-Version` of the answer: an expired version is served by another one, silently. */
  readonly served: string | undefined;
  readonly supported: readonly string[];
  readonly nowMs: number;
};

export const versionFinding = ({ requested, served, supported, nowMs }: Versions): CheckFinding => {
  const newest = supported.toSorted().at(-1);
  const fix = `Set the account's api_version to ${newest ?? "a supported version"}, after reading what changed in it.`;
  const expiresAt = new Date(supportEndsMs(requested)).toISOString();
  const bad = (detail: string): CheckFinding => ({ check: "api version", ok: false, detail, fix, expiresAt });
  if (served !== undefined && served !== requested) return bad(`asked for ${requested}, served ${served}`);
  if (newest !== undefined && !supported.includes(requested)) return bad(`${requested} is not supported any more`);
  const daysLeft = Math.ceil((supportEndsMs(requested) - nowMs) / dayMs);
  const detail = `${requested}, supported for at least ${Math.max(0, daysLeft)} more days`;
  return daysLeft <= warnDays ? bad(detail) : { check: "api version", ok: true, detail, expiresAt };
};
