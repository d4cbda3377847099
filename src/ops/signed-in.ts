import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { readSession, type Session } from "../access/session.ts";
import type { User } from "../access/users.ts";
import type { Clock } from "../core/clock.ts";
import type { Secret } from "../core/secret.ts";
import { ProblemError } from "./problem.ts";
import type { WebEnv } from "./web-env.ts";

export type SignInSettings = {
  readonly users: readonly User[];
  readonly secretKey: Secret;
  readonly publicUrl?: string | undefined;
};

export const sessionCookie = "lockstep_session";

/** Ends sessions before their time: signing out must also end a copy of the cookie. Per process, as long as it matters. */
export type EndedSessions = { end(session: Session): void; has(id: string): boolean };

const endedMax = 10_000;

export const createEndedSessions = (clock: Pick<Clock, "now">): EndedSessions => {
  const ended = new Map<string, number>();
  return {
    end: (session) => {
      for (const [id, expiresAtMs] of ended) if (expiresAtMs <= clock.now()) ended.delete(id);
      const oldest = ended.keys().next();
      if (ended.size >= endedMax && oldest.done !== true) ended.delete(oldest.value);
      ended.set(session.id, session.expiresAtMs);
    },
    has: (id) => ended.has(id),
  };
};

export type SignInDeps = {
  readonly settings: SignInSettings;
  readonly clock: Pick<Clock, "now">;
  readonly ended: EndedSessions;
};

/** The session that a request's cookie stands for, if any. */
export const sessionOf = (c: Context<WebEnv>, deps: SignInDeps): Session | undefined => {
  const cookie = getCookie(c, sessionCookie);
  if (cookie === undefined) return undefined;
  const session = readSession(deps.settings.secretKey, deps.settings.users, cookie, deps.clock.now());
  return session === undefined || deps.ended.has(session.id) ? undefined : session;
};

/** A browser that opens a page is sent to the login form; everything else is told 401, static files included. */
export const requireSession = (deps: SignInDeps): MiddlewareHandler<WebEnv> => {
  return async (c, next) => {
    const session = sessionOf(c, deps);
    if (session === undefined) {
      const opensPage = c.req.method === "GET" && (c.req.header("accept") ?? "").includes("text/html");
      if (opensPage) return c.redirect(`/login?next=${encodeURIComponent(c.req.path)}`, 302);
      throw new ProblemError("sign-in-needed", { detail: "Sign in at /login; API keys do not open these pages." });
    }
    c.set("session", session);
    await next();
    return undefined;
  };
};

const isReading = (method: string): boolean => method === "GET" || method === "HEAD";

const originOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).origin : undefined);

/** True when the browser says that the request came from our own pages. No word from it counts as no. */
const isFromOurPages = (c: Context<WebEnv>, publicUrl: string | undefined): boolean => {
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin";
  const origin = c.req.header("origin");
  if (origin === undefined) return false;
  return origin === originOf(c.req.url) || (publicUrl !== undefined && origin === originOf(publicUrl));
};

/** Refuses requests that change something unless our own pages sent them (the board's scripts carry no form token). */
export const requireSameOrigin = (settings: Pick<SignInSettings, "publicUrl">): MiddlewareHandler<WebEnv> => {
  return async (c, next) => {
    if (!isReading(c.req.method) && !isFromOurPages(c, settings.publicUrl)) throw new ProblemError("cross-site");
    await next();
  };
};

/** Support looks, operators act. `onAct` runs before the act and `onDenied` after a refusal, to put both on record. */
export const requireOperatorToAct = (record: {
  readonly onAct: (c: Context<WebEnv>) => Promise<void>;
  readonly onDenied: (c: Context<WebEnv>) => Promise<void>;
}): MiddlewareHandler<WebEnv> => {
  return async (c, next) => {
    if (!isReading(c.req.method)) {
      if (c.get("session").user.role !== "operator") {
        await record.onDenied(c);
        throw new ProblemError("forbidden", { detail: "Your role may look but not act; ask an operator." });
      }
      await record.onAct(c);
    }
    await next();
  };
};
