import { createRoute } from "@hono/zod-openapi";
import { IdempotencyHeader } from "./fields.ts";
import {
  EndBody,
  ExtendBody,
  ReservationOut,
  ReservationParams,
  ReservationRecord,
  ReservationsOut,
  ReservationsQuery,
  ReserveBody,
} from "./reservation-schemas.ts";
import { body, bodyAnswers, commonAnswers, json, opensWith, problem, type ScopedRoute } from "./route-parts.ts";

const unknown = { 404: problem("There is no such reservation, or the ledger does not know a SKU.") } as const;
const writeAnswers = {
  ...bodyAnswers,
  ...unknown,
  409: problem(
    "The id is taken, nothing of the reservation is open any more, or the key is still under way (see Retry-After).",
  ),
  ...commonAnswers,
} as const;

export const reserveInventory = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/inventory/reserve",
  summary: "Promise units to a checkout: one reservation of up to 100 lines",
  request: { headers: IdempotencyHeader, body: body(ReserveBody) },
  responses: { 201: json("The reservation, with what each line got.", ReservationOut), ...writeAnswers },
});

export const commitReservation = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/reservations/{id}/commit",
  summary: "The units leave the shelf: all that is open, or part of it",
  request: { params: ReservationParams, headers: IdempotencyHeader, body: body(EndBody) },
  responses: { 200: json("The reservation after it.", ReservationOut), ...writeAnswers },
});

export const releaseReservation = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/reservations/{id}/release",
  summary: "The units are available again: all that is open, or part of it",
  request: { params: ReservationParams, headers: IdempotencyHeader, body: body(EndBody) },
  responses: { 200: json("The reservation after it.", ReservationOut), ...writeAnswers },
});

export const extendReservation = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/reservations/{id}/extend",
  summary: "Let it end so long from now, if that is later than before",
  request: { params: ReservationParams, headers: IdempotencyHeader, body: body(ExtendBody) },
  responses: { 200: json("The reservation after it.", ReservationOut), ...writeAnswers },
});

export const getReservation = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/reservations/{id}",
  summary: "One reservation as it stands",
  request: { params: ReservationParams },
  responses: { 200: json("The reservation.", ReservationRecord), ...unknown, ...commonAnswers },
});

export const listReservations = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/reservations",
  summary: "Reservations by id, of a state or with a line of a SKU",
  request: { query: ReservationsQuery },
  responses: { 200: json("A page of reservations.", ReservationsOut), ...commonAnswers },
});

export const reservationRoutes: readonly ScopedRoute[] = [
  reserveInventory,
  commitReservation,
  releaseReservation,
  extendReservation,
  getReservation,
  listReservations,
];
