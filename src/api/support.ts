import type { OpenAPIHono } from "@hono/zod-openapi";
import type { ApiKey } from "../access/api-keys.ts";
import { claimRequest } from "../access/api-requests.ts";
import { writeAudit } from "../access/audit.ts";
import { type Clock, toIso } from "../core/clock.ts";
import { fingerprint } from "../core/digest.ts";
import type { Db } from "../db/pool.ts";
import type { Explained, HoldDone, HoldRow, HoldTarget, Support, TimelineSubject } from "../jobs/support.ts";
import { ProblemError } from "../ops/problem.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { keyReused } from "./refusal.ts";
import { addHoldRoute, endHoldRoute, explainListings, getTimeline, listHoldsRoute } from "./support-routes.ts";
import type { ExplainedListing, HoldBody, HoldOut } from "./support-schemas.ts";

export type SupportApiDeps = { readonly db: Db; readonly clock: Clock; readonly support: Support };

const rowsDefault = 100;

const explainedOut = (one: Explained): ExplainedListing => ({
  account: one.listing.accountId,
  channel: one.listing.channel,
  listing: one.listing.ref,
  channelSku: one.listing.channelSku,
  title: one.listing.title,
  sells: [...one.sells],
  at: one.at,
  sentence: one.sentence,
  shows: one.shows,
  because:
    one.because === null
      ? null
      : { kind: one.because.kind, attempt: one.because.attemptId, terms: [...one.because.terms] },
  reproduced: one.reproduced,
  wanted: one.wanted === null ? null : { units: one.wanted.units, terms: [...one.wanted.terms] },
  stock: one.levels.map(({ locationId, movementId, ...level }) => ({
    ...level,
    location: locationId,
    movement: movementId === null ? null : String(movementId),
  })),
  reservedBy: one.reservedBy.map(({ by, sku, locationId, units, accountId, ref, since }) => ({
    by,
    sku,
    location: locationId,
    units,
    account: accountId,
    ref,
    since,
  })),
  holds: one.holds.map(({ id, kind, scope, reason, expiresAt }) => ({ id, kind, scope, reason, expiresAt })),
  attempts: one.attempts.map(({ listingId: _listingId, ...attempt }) => attempt),
  waitsFor: [...one.waitsFor],
});

const holdOut = ({ accountId, listingRef, ...hold }: HoldRow): HoldOut => ({
  ...hold,
  account: accountId,
  listing: listingRef,
});
const doneOut = ({ hold, effect }: HoldDone) => ({
  hold: holdOut(hold),
  listings: effect.listings,
  notLive: [...effect.notLive],
});

/** The schema has seen to it that a scope comes with its names. */
const targetOf = ({ scope, sku, account, listing }: HoldBody): HoldTarget => {
  switch (scope) {
    case "sku":
      return { scope, sku: sku ?? "" };
    case "account":
      return { scope, accountId: account ?? "" };
    case "listing":
      return { scope, accountId: account ?? "", listing: listing ?? "" };
    case "everything":
      return { scope };
  }
};

const utc = (at: string | undefined): string | null => (at === undefined ? null : toIso(Date.parse(at)));

const nothingThere = (name: string): ProblemError =>
  new ProblemError("not-found", { detail: `Nothing is known of ${name}.` });

/** Binds the Idempotency-Key to the body, then puts on record who asks. */
const begin = async (
  deps: SupportApiDeps,
  request: { readonly apiKey: ApiKey; readonly idempotencyKey: string; readonly route: string; readonly body: object },
  entry: { readonly action: string; readonly subject: string },
): Promise<{ readonly actor: string; readonly requestKey: string }> => {
  const { apiKey, idempotencyKey, route, body } = request;
  const now = toIso(deps.clock.now());
  const claim = { apiKeyId: apiKey.id, route, idempotencyKey, fingerprint: fingerprint(body), now };
  if (!(await claimRequest(deps.db, claim))) throw keyReused();
  const actor = `api:${apiKey.name}`;
  await writeAudit(deps.db, { at: now, actor, ...entry, detail: { ...body, idempotencyKey } });
  return { actor, requestKey: `api:${apiKey.id}:${route}:${idempotencyKey}` };
};

export const mountSupport = (app: OpenAPIHono<WebEnv>, deps: SupportApiDeps): void => {
  app.openapi(explainListings, async (c) => {
    const { sku = null, account = null, listing = null, at } = c.req.valid("query");
    const answer = await deps.support.explain({ sku, accountId: account, listing, at: utc(at) });
    if (answer === undefined) throw nothingThere(JSON.stringify(listing ?? sku));
    return c.json({ sku: answer.sku, listings: answer.listings.map(explainedOut) }, 200);
  });

  app.openapi(getTimeline, async (c) => {
    const { sku, order, listing = "", account, before, limit } = c.req.valid("query");
    const subject: TimelineSubject =
      sku !== undefined
        ? { of: "sku", sku }
        : order !== undefined
          ? { of: "order", orderRef: order, accountId: account ?? null }
          : { of: "listing", accountId: account ?? "", listing };
    const rowsMax = limit === undefined ? rowsDefault : Number(limit);
    const found = await deps.support.timeline(subject, { before: utc(before), rowsMax });
    if (found === undefined) throw nothingThere(JSON.stringify(sku ?? order ?? listing));
    return c.json({ entries: [...found.entries], next: found.next }, 200);
  });

  app.openapi(listHoldsRoute, async (c) => {
    const { state, before, limit } = c.req.valid("query");
    const rowsMax = limit === undefined ? rowsDefault : Number(limit);
    const beforeId = before === undefined ? null : Number(before);
    // One row more than asked for tells whether there is another page.
    const rows = await deps.support.holds({ inForce: state !== "all", beforeId, rowsMax: rowsMax + 1 });
    const page = rows.slice(0, rowsMax);
    return c.json({ holds: page.map(holdOut), next: rows.length > rowsMax ? String(page.at(-1)?.id) : null }, 200);
  });

  app.openapi(addHoldRoute, async (c) => {
    const body = c.req.valid("json");
    const request = {
      apiKey: c.get("apiKey"),
      idempotencyKey: c.req.valid("header")["idempotency-key"],
      route: "hold",
      body,
    };
    const who = await begin(deps, request, { action: "hold.add", subject: body.sku ?? body.account ?? "everything" });
    const { kind, reason } = body;
    const made = await deps.support.putHold({
      kind,
      reason,
      target: targetOf(body),
      expiresAt: utc(body.expiresAt),
      ...who,
    });
    if (made.status === "done") return c.json(doneOut(made), 201);
    const errors = [{ field: made.field, problem: made.detail, fix: "mend it and send it under a new key" }];
    throw new ProblemError("invalid-request", { detail: made.detail, errors });
  });

  app.openapi(endHoldRoute, async (c) => {
    const { id } = c.req.valid("param");
    const request = {
      apiKey: c.get("apiKey"),
      idempotencyKey: c.req.valid("header")["idempotency-key"],
      route: "hold-end",
      body: { id },
    };
    const { actor } = await begin(deps, request, { action: "hold.end", subject: id });
    const ended = /^[1-9]\d{0,14}$/.test(id) ? await deps.support.endHold({ id: Number(id), actor }) : undefined;
    if (ended === undefined) throw nothingThere(`hold ${id}`);
    return c.json(doneOut(ended), 200);
  });
};
