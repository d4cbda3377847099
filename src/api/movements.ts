import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Db } from "../db/pool.ts";
import { type MovementRow, movementsOf } from "../ledger/queries.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { listMovements } from "./routes.ts";
import type { MovementsOut } from "./schemas.ts";

const rowsDefault = 50;

const movementOut = (row: MovementRow): MovementsOut["movements"][number] => ({
  id: String(row.id),
  kind: row.kind,
  sku: row.sku,
  location: row.locationId,
  change: { onHand: row.dOnHand, reserved: row.dReserved, incoming: row.dIncoming },
  after: { onHand: row.onHandAfter, reserved: row.reservedAfter, incoming: row.incomingAfter },
  version: row.levelVersion,
  cause: { type: row.causeType, id: row.causeId },
  actor: row.actor,
  reason: row.reason,
  occurredAt: row.occurredAt,
  recordedAt: row.recordedAt,
});

export const mountMovements = (app: OpenAPIHono<WebEnv>, deps: { readonly db: Db }): void => {
  app.openapi(listMovements, async (c) => {
    const { sku, before, limit } = c.req.valid("query");
    const rowsMax = limit === undefined ? rowsDefault : Number(limit);
    const beforeId = before === undefined ? null : Number(before);
    // One row more than asked for tells whether there is another page.
    const rows = await movementsOf(deps.db, { sku, beforeId, rowsMax: rowsMax + 1 });
    const page = rows.slice(0, rowsMax);
    const next = rows.length > rowsMax ? String(page.at(-1)?.id) : null;
    return c.json({ movements: page.map(movementOut), next }, 200);
  });
};
