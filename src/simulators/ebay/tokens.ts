import { createHmac } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { sameBytes } from "../../core/digest.ts";
import type { FaultSource } from "../kit/faults.ts";
import { type Answer, tooManyRequests } from "./answers.ts";
import { type EbayCredentials, scopes } from "./credentials.ts";
import { DailyWindow } from "./daily-window.ts";

/** Channel document §1. */
const promisedLifeSeconds = 7200;
const mintLimits = { application: 1_000, user: 50_000 } as const;

const Claims = z.object({
  audience: z.enum(["user", "application"]),
  scopes: z.array(z.string()),
  expiresAtMs: z.number(),
  number: z.number(),
});
export type TokenClaims = z.infer<typeof Claims>;
type TokenVerdict =
  | { readonly kind: "valid"; readonly claims: TokenClaims }
  | { readonly kind: "missing" | "expired" | "invalid" };

/** Hands out access tokens and knows them again, also after a restart: everything is in the token. */
export interface TokenIssuer {
  /** `POST /identity/v1/oauth2/token`: Basic client id and secret, form-encoded. */
  exchange(headers: Headers, form: string): Answer;
  /** The verdict on an `Authorization` header. */
  verify(authorization: string | undefined): TokenVerdict;
}

export const createTokenIssuer = (options: {
  readonly credentials: EbayCredentials;
  readonly faults: FaultSource;
  readonly clock: Clock;
  readonly speedUp: number;
}): TokenIssuer => {
  const { credentials, faults, clock, speedUp } = options;
  const basic = `Basic ${Buffer.from(`${credentials.clientId}:${credentials.clientSecret}`).toString("base64")}`;
  const mints = {
    application: new DailyWindow(mintLimits.application, speedUp, clock),
    user: new DailyWindow(mintLimits.user, speedUp, clock),
  };
  let issued = 0;
  const seal = (claims: string): string =>
    createHmac("sha256", credentials.clientSecret).update(claims).digest("base64url");

  const issue = (audience: TokenClaims["audience"], granted: readonly string[]): Answer => {
    // The token endpoint throttles in the shape of the REST interfaces (channel document §12.13).
    if (!mints[audience].tryTake()) return tooManyRequests;
    const lifeSeconds = Math.max(1, Math.floor(promisedLifeSeconds / speedUp));
    const lifeMs = faults.plan.tokenLifeMs > 0 ? faults.plan.tokenLifeMs : lifeSeconds * 1000;
    issued += 1;
    const claims: TokenClaims = { audience, scopes: [...granted], expiresAtMs: clock.now() + lifeMs, number: issued };
    const text = Buffer.from(JSON.stringify(claims)).toString("base64url");
    return {
      status: 200,
      // No refresh_token here: the stored one stays good (channel document §1).
      body: {
        access_token: `v^1.1#i^1#${text}.${seal(text)}`,
        expires_in: lifeSeconds,
        token_type: audience === "user" ? "User Access Token" : "Application Access Token",
      },
    };
  };

  return {
    exchange: (headers, form) => {
      if (headers.get("content-type")?.startsWith("application/x-www-form-urlencoded") !== true) {
        return oauthError(400, "invalid_request", "The request must be form-encoded");
      }
      if (headers.get("authorization") !== basic)
        return oauthError(401, "invalid_client", "client authentication failed");
      const fields = new URLSearchParams(form);
      const asked = (fields.get("scope") ?? "").split(" ").filter((scope) => scope !== "");
      switch (fields.get("grant_type") ?? "") {
        case "refresh_token":
          if (fields.get("refresh_token") !== credentials.refreshToken) {
            return oauthError(
              400,
              "invalid_grant",
              "the provided authorization refresh token is invalid or was issued to another client",
            );
          }
          if (!asked.every((scope) => credentials.consentedScopes.includes(scope))) return scopeError;
          return issue("user", asked.length === 0 ? credentials.consentedScopes : asked);
        case "client_credentials":
          return asked.every((scope) => scope === scopes.base) ? issue("application", [scopes.base]) : scopeError;
        default:
          return oauthError(400, "unsupported_grant_type", "the grant type is not supported");
      }
    },
    verify: (authorization) => {
      if (authorization === undefined || authorization === "") return { kind: "missing" };
      const parts = /^Bearer v\^1\.1#i\^1#([\w-]+)\.([\w-]+)$/.exec(authorization);
      const [, text = "", mark = ""] = parts ?? [];
      if (text === "" || !sameBytes(Buffer.from(mark), Buffer.from(seal(text)))) return { kind: "invalid" };
      const claims = Claims.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
      if (clock.now() < claims.expiresAtMs) return { kind: "valid", claims };
      if (faults.plan.tokenLifeMs > 0) faults.count("tokenLifeMs");
      return { kind: "expired" };
    },
  };
};

const oauthError = (status: number, error: string, description: string): Answer => ({
  status,
  body: { error, error_description: description },
});
const scopeError = oauthError(
  400,
  "invalid_scope",
  "The requested scope is invalid, unknown, malformed, or exceeds the scope granted to the client",
);
