import type { CheckFinding } from "../connectors/connector.ts";

const dayMs = 86_400_000;
/** Below this many days left somebody should act: a consent or a secret is not renewed in an hour. */
export const warnDays = 30;

/** Whole days that are left; negative when it is over. */
export const daysLeft = (expiresAt: string, nowMs: number): number =>
  Math.floor((Date.parse(expiresAt) - nowMs) / dayMs);

/** Ends that only the operator knows, by what ends: `{ "refresh token": "2027-05-20T00:00:00.000Z" }`. */
export const expiryFindings = (expires: Readonly<Record<string, string>>, nowMs: number): readonly CheckFinding[] =>
  Object.entries(expires).map(([what, expiresAt]) => {
    const left = daysLeft(expiresAt, nowMs);
    const day = expiresAt.slice(0, 10);
    const check = `expiry of ${what}`;
    if (left >= warnDays) return { check, ok: true, detail: `${left} days left, until ${day}`, expiresAt };
    const fix = `Renew it, put the new one into the environment, and the new date into the account's settings.`;
    const detail = left < 0 ? `over since ${day}` : `only ${left} days left, until ${day}`;
    return { check, ok: false, detail, fix, expiresAt };
  });

/** What a metric calls it. */
export const expiryLabel = (check: string): string => check.replace(/^expiry of /, "");
