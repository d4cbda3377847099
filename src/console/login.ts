import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { html } from "hono/html";
import { z } from "zod";
import { AttemptLimiter } from "../access/attempt-limiter.ts";
import { writeAudit } from "../access/audit.ts";
import { formToken, isFormToken, issueSession, type Session, sessionMs } from "../access/session.ts";
import { findUser, type User } from "../access/users.ts";
import { type Clock, toIso } from "../core/clock.ts";
import type { Db } from "../db/pool.ts";
import { clientAddress } from "../ops/client-address.ts";
import type { Log } from "../ops/logger.ts";
import type { Metrics } from "../ops/metrics.ts";
import { ProblemError } from "../ops/problem.ts";
import { type SignInDeps, sessionCookie, sessionOf } from "../ops/signed-in.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { type Html, page } from "./layout.ts";
import { readForm } from "./read-form.ts";

export type LoginDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly ids: () => string;
  readonly signIn: SignInDeps;
};

const nonceCookie = "lockstep_login";
const failureLimits = { failuresMax: 10, windowMs: 5 * 60_000, addressesMax: 10_000 };

const LoginForm = z.object({ name: z.string(), password: z.string(), token: z.string(), next: z.string().default("") });
const LogoutForm = z.object({ token: z.string() });

/** Only to pages of ours: a link to the login form must not send anybody elsewhere. */
const safeNext = (next: string): string =>
  /^\/(?:console|board)(?:\/[\w./%~-]*)?$/.test(next) && !next.includes("..") ? next : "/console";

const loginPage = (form: {
  readonly token: string;
  readonly next: string;
  readonly mistake?: string;
  readonly anyUsers: boolean;
}): Html =>
  page({
    title: "Sign in",
    body: html`<form class="login" method="post" action="/login">
<h1>Lockstep</h1>
${form.mistake === undefined ? "" : html`<p class="mistake" role="alert">${form.mistake}</p>`}
${form.anyUsers ? "" : html`<p class="note">Nobody can sign in yet: add <code>users</code> to the settings.</p>`}
<input type="hidden" name="token" value="${form.token}">
<input type="hidden" name="next" value="${form.next}">
<label>Name <input name="name" autocomplete="username" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button>
</form>`,
  });

/** `/login` and `/logout`. A session is a signed cookie; forms carry a token; wrong passwords slow an address down. */
export const loginRoutes = (deps: LoginDeps): Hono<WebEnv> => {
  const { settings, ended } = deps.signIn;
  const limiter = new AttemptLimiter(deps.clock, failureLimits);
  const cookie = {
    httpOnly: true,
    sameSite: "Strict",
    path: "/",
    secure: settings.publicUrl?.startsWith("https://") ?? false,
  } as const;

  const audit = (c: Context<WebEnv>, user: User, action: string): Promise<void> =>
    writeAudit(deps.db, {
      at: toIso(deps.clock.now()),
      actor: `user:${user.name}`,
      action,
      subject: user.name,
      detail: { clientAddress: clientAddress(c), requestId: c.get("requestId") },
    });

  const showForm = (
    c: Context<WebEnv>,
    shown: { readonly next: string; readonly mistake?: string; readonly status: 200 | 401 },
  ): Response | Promise<Response> => {
    const nonce = deps.ids();
    setCookie(c, nonceCookie, nonce, { ...cookie, maxAge: 3_600 });
    const token = formToken(settings.secretKey, `login ${nonce}`);
    return c.html(loginPage({ ...shown, token, anyUsers: settings.users.length > 0 }), shown.status);
  };

  const refuseBlocked = (c: Context<WebEnv>): void => {
    const blockedMs = limiter.blockedForMs(clientAddress(c));
    if (blockedMs === 0) return;
    deps.metrics.accessRefused("login", "limited");
    throw new ProblemError("too-many-attempts", { retryAfterMs: blockedMs });
  };

  const app = new Hono<WebEnv>();
  app.get("/login", (c) => {
    const next = safeNext(c.req.query("next") ?? "");
    return sessionOf(c, deps.signIn) === undefined ? showForm(c, { next, status: 200 }) : c.redirect(next, 303);
  });

  app.post("/login", async (c) => {
    refuseBlocked(c);
    const form = await readForm(c, LoginForm);
    const next = safeNext(form.next);
    const nonce = getCookie(c, nonceCookie);
    if (nonce === undefined || !isFormToken(settings.secretKey, `login ${nonce}`, form.token)) {
      return showForm(c, { next, mistake: "The form was too old. Please sign in again.", status: 401 });
    }
    const user = findUser(settings.users, form, settings.secretKey);
    if (user === undefined) {
      limiter.fail(clientAddress(c));
      deps.metrics.accessRefused("login", "unknown");
      deps.log.warn({ clientAddress: clientAddress(c), requestId: c.get("requestId") }, "login refused");
      return showForm(c, { next, mistake: "Name or password is wrong.", status: 401 });
    }
    await audit(c, user, "session.begin");
    limiter.succeed(clientAddress(c));
    const session: Session = { id: deps.ids(), user, expiresAtMs: deps.clock.now() + sessionMs };
    setCookie(c, sessionCookie, issueSession(settings.secretKey, session), { ...cookie, maxAge: sessionMs / 1_000 });
    deleteCookie(c, nonceCookie, cookie);
    return c.redirect(next, 303);
  });

  app.post("/logout", async (c) => {
    const session = sessionOf(c, deps.signIn);
    if (session === undefined) return c.redirect("/login", 303);
    const form = await readForm(c, LogoutForm);
    if (!isFormToken(settings.secretKey, session.id, form.token)) throw new ProblemError("cross-site");
    ended.end(session);
    deleteCookie(c, sessionCookie, cookie);
    await audit(c, session.user, "session.end");
    return c.redirect("/login", 303);
  });
  return app;
};
