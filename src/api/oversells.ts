import type { OpenAPIHono } from "@hono/zod-openapi";
import { toIso } from "../core/clock.ts";
import type { ExplainedOversell, PostMortem, Support } from "../jobs/support.ts";
import { ProblemError } from "../ops/problem.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { getOversellRoute, listOversellsRoute, type OversellsOut, type PostMortemOut } from "./oversell-routes.ts";

const rowsDefault = 50;

const oversellOut = (row: ExplainedOversell): OversellsOut["oversells"][number] => ({
  id: String(row.id),
  sku: row.sku,
  location: row.locationId,
  unitsShort: row.unitsShort,
  recordedAt: row.recordedAt,
  account: row.accountId,
  order: row.orderRef,
  cause: row.cause,
  what: row.what,
  sentence: row.sentence,
  avoidedBy: row.avoidedBy,
  advice: row.advice,
});

type Evidence = NonNullable<PostMortem["evidence"]>;

const takerOut = (taking: Evidence["second"]): NonNullable<PostMortemOut["evidence"]>["second"] => ({
  movement: String(taking.movementId),
  by: taking.by,
  kind: taking.kind,
  units: taking.units,
  account: taking.accountId,
  order: taking.orderRef,
  soldAt: toIso(taking.soldAtMs),
  toldAt: toIso(taking.toldAtMs),
  recordedAt: toIso(taking.recordedAtMs),
  door: taking.door,
});

const timeOut = (ms: number | null): string | null => (ms === null ? null : toIso(ms));

const evidenceOut = ({ second, last, before, offer, writes }: Evidence): PostMortemOut["evidence"] => ({
  second: takerOut(second),
  last: takerOut(last),
  before: before.map(takerOut),
  offer: offer && {
    account: offer.accountId,
    listing: offer.ref,
    units: offer.units,
    unitsEach: offer.unitsEach,
    madeAt: toIso(offer.madeAtMs),
    availableUnits: offer.availableUnits,
    how: offer.how,
  },
  writes: writes.map(({ attemptId, units, state, startedAtMs, answeredAtMs, appliedAtMs }) => ({
    attempt: attemptId,
    units,
    state,
    startedAt: toIso(startedAtMs),
    answeredAt: timeOut(answeredAtMs),
    appliedAt: timeOut(appliedAtMs),
  })),
});

const postMortemOut = (found: PostMortem): PostMortemOut => ({
  ...oversellOut(found),
  blames: found.blames.map(({ movementId, ...blame }) => ({
    ...blame,
    movement: movementId === null ? null : String(movementId),
  })),
  evidence: found.evidence && evidenceOut(found.evidence),
  timeline: found.timeline.map(({ sku: _sku, ...entry }) => entry),
});

export const mountOversells = (app: OpenAPIHono<WebEnv>, deps: { readonly support: Support }): void => {
  app.openapi(listOversellsRoute, async (c) => {
    const { sku = null, since, before, limit } = c.req.valid("query");
    const rowsMax = limit === undefined ? rowsDefault : Number(limit);
    const rows = await deps.support.oversells({
      id: null,
      sku,
      since: since === undefined ? null : toIso(Date.parse(since)),
      beforeId: before === undefined ? null : Number(before),
      // One row more than asked for tells whether there is another page.
      rowsMax: rowsMax + 1,
    });
    const page = rows.slice(0, rowsMax);
    const next = rows.length > rowsMax ? String(page.at(-1)?.id) : null;
    return c.json({ oversells: page.map(oversellOut), next }, 200);
  });

  app.openapi(getOversellRoute, async (c) => {
    const { id } = c.req.valid("param");
    const found = /^[1-9]\d{0,14}$/.test(id) ? await deps.support.postMortem(Number(id)) : undefined;
    if (found === undefined)
      throw new ProblemError("not-found", { detail: `There is no oversell ${JSON.stringify(id)}.` });
    return c.json(postMortemOut(found), 200);
  });
};
