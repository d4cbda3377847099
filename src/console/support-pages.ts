import type { Context } from "hono";
import { Hono } from "hono";
import { z } from "zod";
import { writeAudit } from "../access/audit.ts";
import { formToken, isFormToken } from "../access/session.ts";
import { type Clock, toIso } from "../core/clock.ts";
import { AccountId, Sku } from "../core/ids.ts";
import type { Db } from "../db/pool.ts";
import type { HoldTarget, Support, TimelineSubject } from "../jobs/support.ts";
import { ProblemError } from "../ops/problem.ts";
import { requireOperatorToAct, requireSession, type SignInDeps } from "../ops/signed-in.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { explainPage } from "./explain-page.ts";
import { holdsPage } from "./holds-page.ts";
import { type Html, page } from "./layout.ts";
import { readForm } from "./read-form.ts";
import { timelinePage } from "./timeline-page.ts";

export type SupportPagesDeps = {
  readonly db: Db;
  readonly clock: Pick<Clock, "now">;
  readonly signIn: SignInDeps;
  readonly support: Support;
};

const rowsShown = 200;

/** A search field that was left empty asks for nothing. */
const given = (c: Context<WebEnv>, name: string): string | null => c.req.query(name) || null;
const Time = z.iso.datetime({ offset: true }).transform((at) => toIso(Date.parse(at)));
const timeGiven = (c: Context<WebEnv>, name: string): string | null => {
  const parsed = Time.safeParse(given(c, name));
  return parsed.success ? parsed.data : null;
};

const HoldForm = z.object({
  token: z.string(),
  kind: z.enum(["freeze", "zero"]),
  scope: z.enum(["sku", "listing", "account", "everything"]),
  sku: z.string().default(""),
  account: z.string().default(""),
  listing: z.string().default(""),
  reason: z.string().trim().min(1).max(500),
  minutes: z
    .string()
    .regex(/^\d{0,7}$/)
    .default(""),
});
const EndForm = z.object({ token: z.string() });

const targetOf = (form: z.infer<typeof HoldForm>): HoldTarget | string => {
  const sku = Sku.safeParse(form.sku);
  const account = AccountId.safeParse(form.account);
  if (form.scope === "everything") return { scope: "everything" };
  if (form.scope === "sku") return sku.success ? { scope: "sku", sku: sku.data } : "Name the SKU.";
  if (!account.success) return "Name the account.";
  if (form.scope === "account") return { scope: "account", accountId: account.data };
  return form.listing === ""
    ? "Name the listing."
    : { scope: "listing", accountId: account.data, listing: form.listing };
};

/** `/console/explain`, `/console/timeline`, `/console/holds`: what support looks up, and the brake. */
export const supportPages = (deps: SupportPagesDeps): Hono<WebEnv> => {
  const { support, signIn } = deps;
  const { secretKey } = signIn.settings;
  const tokenOf = (c: Context<WebEnv>): string => formToken(secretKey, c.get("session").id);
  const show = (c: Context<WebEnv>, title: string, body: Html, status: 200 | 404 | 422 = 200) =>
    c.html(page({ title, body, signedIn: { session: c.get("session"), logoutToken: tokenOf(c) } }), status);
  const checkToken = (c: Context<WebEnv>, token: string): void => {
    if (!isFormToken(secretKey, c.get("session").id, token)) throw new ProblemError("cross-site");
  };
  const audit = (c: Context<WebEnv>, action: string, subject: string, detail: Record<string, string>) =>
    writeAudit(deps.db, {
      at: toIso(deps.clock.now()),
      actor: `user:${c.get("session").user.name}`,
      action,
      subject,
      detail,
    });
  const denied = (c: Context<WebEnv>) => audit(c, "hold.denied", c.req.path.slice(0, 500), {});

  const app = new Hono<WebEnv>();
  for (const path of ["/console/explain", "/console/timeline", "/console/holds", "/console/holds/*"]) {
    app.use(path, requireSession(signIn));
    app.use(path, requireOperatorToAct({ onAct: async () => undefined, onDenied: denied }));
  }

  app.get("/console/explain", async (c) => {
    const asked = {
      sku: given(c, "sku"),
      accountId: given(c, "account"),
      listing: given(c, "listing"),
      at: timeGiven(c, "at"),
    };
    const isAsked = asked.sku !== null || (asked.listing !== null && asked.accountId !== null);
    const answer = isAsked ? await support.explain(asked) : undefined;
    return show(c, "Explain", explainPage(asked, answer, isAsked), isAsked && answer === undefined ? 404 : 200);
  });

  app.get("/console/timeline", async (c) => {
    const [of, name, account] = [given(c, "of") ?? "sku", given(c, "name"), given(c, "account")];
    const before = timeGiven(c, "before");
    const subjects: Readonly<Record<string, TimelineSubject | undefined>> = {
      sku: { of: "sku", sku: name ?? "" },
      order: { of: "order", orderRef: name ?? "", accountId: account },
      listing: account === null ? undefined : { of: "listing", accountId: account, listing: name ?? "" },
    };
    const subject = name === null ? undefined : subjects[of];
    const found = subject && (await support.timeline(subject, { before, rowsMax: rowsShown }));
    const body = timelinePage({ of, name, account }, found, subject !== undefined);
    return show(c, "Timeline", body, subject !== undefined && found === undefined ? 404 : 200);
  });

  const holds = async (c: Context<WebEnv>, mistake?: string) =>
    show(
      c,
      "Holds",
      holdsPage({
        holds: await support.holds({ inForce: given(c, "all") === null, beforeId: null, rowsMax: rowsShown }),
        token: tokenOf(c),
        mayAct: c.get("session").user.role === "operator",
        ...(mistake !== undefined && { mistake }),
      }),
      mistake === undefined ? 200 : 422,
    );
  app.get("/console/holds", (c) => holds(c));
  app.post("/console/holds", async (c) => {
    const form = await readForm(c, HoldForm);
    checkToken(c, form.token);
    const target = targetOf(form);
    if (typeof target === "string") return holds(c, target);
    const { kind, reason, minutes } = form;
    const expiresAt = minutes === "" ? null : toIso(deps.clock.now() + Number(minutes) * 60_000);
    await audit(c, "hold.add", form.sku || form.account || "everything", { ...form, token: "" });
    const actor = `user:${c.get("session").user.name}`;
    const made = await support.putHold({ kind, target, reason, actor, expiresAt, requestKey: null });
    return made.status === "done" ? c.redirect("/console/holds", 303) : holds(c, made.detail);
  });
  app.post("/console/holds/:id/end", async (c) => {
    checkToken(c, (await readForm(c, EndForm)).token);
    const id = c.req.param("id");
    if (!/^[1-9]\d{0,14}$/.test(id)) throw new ProblemError("not-found");
    await audit(c, "hold.end", id, {});
    const ended = await support.endHold({ id: Number(id), actor: `user:${c.get("session").user.name}` });
    if (ended === undefined) throw new ProblemError("not-found");
    return c.redirect("/console/holds", 303);
  });
  return app;
};
