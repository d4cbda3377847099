import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Db } from "../db/pool.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { type DriftRow, driftsPage } from "../sync/read-drifts.ts";
import { type DriftsOut, listDrifts } from "./drift-routes.ts";

const rowsDefault = 50;

const driftOut = (row: DriftRow): DriftsOut["drifts"][number] => ({
  id: String(row.id),
  account: row.accountId,
  listing: row.ref,
  channelSku: row.channelSku,
  expectedUnits: row.expectedUnits,
  observedUnits: row.observedUnits,
  shownUnits: row.shownUnits,
  state: row.state,
  cause: row.cause,
  policy: row.policy,
  reason: row.reason,
  decidedBy: row.decidedBy,
  observedAt: row.observedAt,
  stateSince: row.stateSince,
});

export const mountDrifts = (app: OpenAPIHono<WebEnv>, deps: { readonly db: Db }): void => {
  app.openapi(listDrifts, async (c) => {
    const { account, state, cause, before, limit } = c.req.valid("query");
    const rowsMax = limit === undefined ? rowsDefault : Number(limit);
    const rows = await driftsPage(deps.db, {
      id: null,
      accountId: account ?? null,
      states: state === undefined ? null : [state],
      cause: cause ?? null,
      beforeId: before === undefined ? null : Number(before),
      // One row more than asked for tells whether there is another page.
      rowsMax: rowsMax + 1,
    });
    const page = rows.slice(0, rowsMax);
    return c.json({ drifts: page.map(driftOut), next: rows.length > rowsMax ? String(page.at(-1)?.id) : null }, 200);
  });
};
