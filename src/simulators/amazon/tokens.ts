import { createHmac } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { sameBytes } from "../../core/digest.ts";
import type { FaultSource } from "../kit/faults.ts";
import type { AmazonAccount } from "./account.ts";
import type { Answer } from "./answers.ts";

export const notificationsScope = "sellingpartnerapi::notifications";
/** Login with Amazon promises an hour (channel document §1). */
const promisedLifeSeconds = 3600;

export type TokenVerdict =
  | { readonly kind: "valid"; readonly audience: "seller" | "grantless" }
  | { readonly kind: "missing" | "expired" | "invalid" };

/** Login with Amazon: hands out bearer tokens and knows them again, also after a restart: all is in the token. */
export interface TokenIssuer {
  /** `POST /auth/o2/token`, form-encoded. */
  exchange(contentType: string | undefined, form: string): Answer;
  verify(token: string | undefined): TokenVerdict;
}

const Claims = z.object({ audience: z.enum(["seller", "grantless"]), expiresAtMs: z.number() });

export const createTokenIssuer = (options: {
  readonly account: AmazonAccount;
  readonly faults: FaultSource;
  readonly clock: Clock;
  readonly speedUp: number;
}): TokenIssuer => {
  const { account, faults, clock } = options;
  let issued = 0;
  const seal = (claims: string): string =>
    createHmac("sha256", account.clientSecret).update(claims).digest("base64url");
  const issue = (
    audience: "seller" | "grantless",
  ): { access_token: string; token_type: "bearer"; expires_in: number } => {
    const lifeSeconds = Math.max(1, Math.floor(promisedLifeSeconds / options.speedUp));
    const lifeMs = faults.plan.tokenLifeMs > 0 ? faults.plan.tokenLifeMs : lifeSeconds * 1000;
    issued += 1;
    const claims = Buffer.from(
      JSON.stringify({ audience, expiresAtMs: clock.now() + lifeMs, number: issued }),
    ).toString("base64url");
    return { access_token: `Atza|${claims}.${seal(claims)}`, token_type: "bearer", expires_in: lifeSeconds };
  };
  return {
    exchange: (contentType, form) => {
      if (contentType?.startsWith("application/x-www-form-urlencoded") !== true) {
        return oauthError(400, "invalid_request", "The request must be form-encoded");
      }
      const fields = new URLSearchParams(form);
      if (fields.get("client_id") !== account.clientId || fields.get("client_secret") !== account.clientSecret) {
        return oauthError(401, "invalid_client", "Client authentication failed");
      }
      switch (fields.get("grant_type")) {
        case "refresh_token":
          return fields.get("refresh_token") === account.refreshToken
            ? { status: 200, body: { ...issue("seller"), refresh_token: account.refreshToken } }
            : oauthError(400, "invalid_grant", "The request has an invalid grant parameter : refresh_token");
        case "client_credentials":
          return fields.get("scope") === notificationsScope
            ? { status: 200, body: { ...issue("grantless"), scope: notificationsScope } }
            : oauthError(400, "invalid_scope", "The requested scope is invalid");
        default:
          return oauthError(400, "unsupported_grant_type", "The authorization grant type is not supported");
      }
    },
    verify: (token) => {
      if (token === undefined || token === "") return { kind: "missing" };
      const [claims = "", mark = ""] = token.replace(/^Atza\|/, "").split(".");
      if (!token.startsWith("Atza|") || !sameBytes(Buffer.from(mark), Buffer.from(seal(claims))))
        return { kind: "invalid" };
      const { audience, expiresAtMs } = Claims.parse(JSON.parse(Buffer.from(claims, "base64url").toString("utf8")));
      if (clock.now() < expiresAtMs) return { kind: "valid", audience };
      if (faults.plan.tokenLifeMs > 0) faults.count("tokenLifeMs");
      return { kind: "expired" };
    },
  };
};

const oauthError = (status: number, error: string, description: string): Answer => ({
  status,
  body: { error, error_description: description },
});
