import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { toIso } from "../core/clock.ts";
import type { ReservationAnswer, ReservationLine } from "../ledger/answers.ts";
import type { CommitReservation, ExtendReservation, ReleaseReservation } from "../ledger/commands.ts";
import { findReservation, type ReservationRow, reservationsPage } from "../ledger/read-reservations.ts";
import { ProblemError } from "../ops/problem.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { answerInTime } from "./answer-in-time.ts";
import { refusedRequest } from "./refusal.ts";
import {
  commitReservation,
  extendReservation,
  getReservation,
  listReservations,
  releaseReservation,
  reserveInventory,
} from "./reservation-routes.ts";
import type { ReservationOut, ReservationRecord } from "./reservation-schemas.ts";
import { reserve } from "./reserve.ts";
import { callerOf, commandKey, type SubmitDeps } from "./submit-lines.ts";

const rowsDefault = 50;

const lineOut = (line: ReservationLine): ReservationOut["lines"][number] => {
  const { sku, locationId, askedUnits, heldUnits, committedUnits, releasedUnits } = line;
  const openUnits = heldUnits - committedUnits - releasedUnits;
  return { sku, location: locationId, askedUnits, heldUnits, committedUnits, releasedUnits, openUnits };
};

export const reservationPath = ({ reservation }: ReservationAnswer): string => `/v1/reservations/${reservation.id}`;

export const reservationOut = ({ reservation }: ReservationAnswer): ReservationOut => ({
  id: reservation.id,
  state: reservation.state,
  expiresAt: reservation.expiresAt,
  lines: reservation.lines.map(lineOut),
});

const recordOut = ({ id, state, expiresAt, lines, ...row }: ReservationRow): ReservationRecord => ({
  id,
  state,
  expiresAt,
  lines: lines.map(lineOut),
  reference: row.reference,
  actor: row.actor,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

type Change<Command> = Command extends unknown ? Omit<Command, "key" | "actor" | "occurredAt"> : never;
type LaterCommand = CommitReservation | ReleaseReservation | ExtendReservation;

/** One command on a reservation that is there; the ledger's own key is the Idempotency-Key's. */
const change = async (
  deps: SubmitDeps,
  c: Context<WebEnv>,
  idempotencyKey: string,
  wanted: Change<LaterCommand>,
): Promise<ReservationOut> => {
  const apiKey = c.get("apiKey");
  const key = commandKey({ route: wanted.kind, apiKey, idempotencyKey });
  const base = { key, actor: `api:${apiKey.name}`, occurredAt: toIso(deps.clock.now()) };
  const given = deps.ledger.submit<LaterCommand>({ ...wanted, ...base }, callerOf(apiKey));
  const answer = await answerInTime(deps.clock, given, deps.answerMsMax);
  if (answer.status === "done") return reservationOut(answer);
  throw refusedRequest(answer, (field) => (field === "reservationId" ? "id" : field));
};

const unitsOf = (
  lines: readonly { sku: CommitLine["sku"]; location: CommitLine["locationId"]; units: number }[] | undefined,
): readonly CommitLine[] | null =>
  lines?.map(({ sku, location, units }) => ({ sku, locationId: location, units })) ?? null;
type CommitLine = NonNullable<CommitReservation["lines"]>[number];

export const mountReservations = (app: OpenAPIHono<WebEnv>, deps: SubmitDeps): void => {
  app.openapi(reserveInventory, async (c) => {
    const idempotencyKey = c.req.valid("header")["idempotency-key"];
    const answer = await reserve(deps, { apiKey: c.get("apiKey"), idempotencyKey, body: c.req.valid("json") });
    c.header("location", reservationPath(answer));
    return c.json(reservationOut(answer), 201);
  });
  app.openapi(commitReservation, async (c) => {
    const { id: reservationId } = c.req.valid("param");
    const wanted = { kind: "commit", reservationId, lines: unitsOf(c.req.valid("json").lines) } as const;
    return c.json(await change(deps, c, c.req.valid("header")["idempotency-key"], wanted), 200);
  });
  app.openapi(releaseReservation, async (c) => {
    const { id: reservationId } = c.req.valid("param");
    const wanted = { kind: "release", reservationId, lines: unitsOf(c.req.valid("json").lines) } as const;
    return c.json(await change(deps, c, c.req.valid("header")["idempotency-key"], wanted), 200);
  });
  app.openapi(extendReservation, async (c) => {
    const { id: reservationId } = c.req.valid("param");
    const wanted = { kind: "extend", reservationId, ttlMs: c.req.valid("json").ttlMs } as const;
    return c.json(await change(deps, c, c.req.valid("header")["idempotency-key"], wanted), 200);
  });

  app.openapi(getReservation, async (c) => {
    const { id } = c.req.valid("param");
    const row = await findReservation(deps.db, id);
    if (row === undefined)
      throw new ProblemError("unknown-reservation", { detail: `There is no reservation "${id}".` });
    return c.json(recordOut(row), 200);
  });
  app.openapi(listReservations, async (c) => {
    const { state = null, sku = null, after = null, limit } = c.req.valid("query");
    const rowsMax = limit === undefined ? rowsDefault : Number(limit);
    // One row more than asked for tells whether there is another page.
    const rows = await reservationsPage(deps.db, { id: null, state, sku, afterId: after, rowsMax: rowsMax + 1 });
    const page = rows.slice(0, rowsMax);
    const next = rows.length > rowsMax ? (page.at(-1)?.id ?? null) : null;
    return c.json({ reservations: page.map(recordOut), next }, 200);
  });
};
