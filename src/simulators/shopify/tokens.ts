import { createHmac } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { sameBytes } from "../../core/digest.ts";
import type { FaultSource } from "../kit/faults.ts";
import type { ShopifyAccount } from "./account.ts";

const promisedLifeSeconds = 86_399;

const Grant = z.object({
  client_id: z.string(),
  client_secret: z.string(),
  grant_type: z.literal("client_credentials"),
});

export type TokenAnswer = { readonly status: 200 | 400 | 401; readonly body: Readonly<Record<string, unknown>> };

/**
 * The client-credentials grant (channel document §1). A token carries its time of issue under a signature, so a
 * restarted simulator still knows the tokens that it gave out.
 */
export const createTokens = (deps: {
  readonly account: ShopifyAccount;
  readonly faults: FaultSource;
  readonly clock: Clock;
  readonly speedUp: number;
}) => {
  const { account, faults, clock } = deps;
  const lifeSeconds = Math.max(1, Math.floor(promisedLifeSeconds / deps.speedUp));
  const sign = (issued: string): string =>
    createHmac("sha256", account.clientSecret).update(`token ${issued}`).digest("hex").slice(0, 20);
  let issuedCount = 0;

  return {
    grant: (body: unknown): TokenAnswer => {
      const grant = Grant.safeParse(body);
      if (!grant.success) return { status: 400, body: { error: "invalid_request" } };
      if (grant.data.client_id !== account.clientId)
        return { status: 400, body: { error: "application_cannot_be_found" } };
      if (grant.data.client_secret !== account.clientSecret) return { status: 401, body: { error: "invalid_client" } };
      issuedCount += 1;
      const issued =
        Math.floor(clock.now()).toString(16).padStart(12, "0") + (issuedCount % 65_536).toString(16).padStart(4, "0");
      return {
        status: 200,
        body: {
          access_token: `shpat_${issued}${sign(issued)}`,
          scope: account.scopes.join(","),
          expires_in: lifeSeconds,
        },
      };
    },
    accepts: (token: string | undefined): boolean => {
      if (token === undefined) return false;
      if (token === account.accessToken) return true;
      const match = /^shpat_([0-9a-f]{16})([0-9a-f]{20})$/.exec(token);
      if (match?.[1] === undefined || match[2] === undefined) return false;
      if (!sameBytes(Buffer.from(sign(match[1])), Buffer.from(match[2]))) return false;
      const ageMs = clock.now() - Number.parseInt(match[1].slice(0, 12), 16);
      if (ageMs > lifeSeconds * 1000) return false;
      const early = faults.plan.tokenLifeMs > 0 && ageMs > faults.plan.tokenLifeMs;
      if (early) faults.count("tokenLifeMs");
      return !early;
    },
  };
};
export type Tokens = ReturnType<typeof createTokens>;
