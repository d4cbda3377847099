import { createRoute } from "@hono/zod-openapi";
import { IdempotencyHeader } from "./fields.ts";
import { body, bodyAnswers, commonAnswers, json, opensWith, problem, type ScopedRoute } from "./route-parts.ts";
import {
  EndHoldBody,
  ExplainOut,
  ExplainQuery,
  HoldBody,
  HoldDoneOut,
  HoldParams,
  HoldsOut,
  HoldsQuery,
  TimelineOut,
  TimelineQuery,
} from "./support-schemas.ts";

const nothing = { 404: problem("Nothing is known by that name.") } as const;

export const explainListings = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/explain",
  summary: "Why listings show what they show, now or at a time that is past",
  request: { query: ExplainQuery },
  responses: {
    200: json("The listings of the SKU, at most fifty, or the one that was named.", ExplainOut),
    ...nothing,
    ...commonAnswers,
  },
});

export const getTimeline = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/timeline",
  summary: "All that happened to a SKU, an order or a listing, newest first",
  request: { query: TimelineQuery },
  responses: { 200: json("A page of what happened.", TimelineOut), ...nothing, ...commonAnswers },
});

export const listHoldsRoute = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/holds",
  summary: "Holds, newest first",
  request: { query: HoldsQuery },
  responses: { 200: json("A page of holds.", HoldsOut), ...commonAnswers },
});

const writeAnswers = { ...bodyAnswers, ...nothing, ...commonAnswers } as const;

export const addHoldRoute = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/holds",
  summary: "Freeze listings, or set them to 0, at once",
  request: { headers: IdempotencyHeader, body: body(HoldBody) },
  responses: { 201: json("The hold, and how far it reaches.", HoldDoneOut), ...writeAnswers },
});

export const endHoldRoute = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/holds/{id}/end",
  summary: "End a hold: its listings go to what the ledger says now",
  request: { params: HoldParams, headers: IdempotencyHeader, body: body(EndHoldBody) },
  responses: { 200: json("The hold as it ended; one that was over stays so.", HoldDoneOut), ...writeAnswers },
});

export const supportRoutes: readonly ScopedRoute[] = [
  explainListings,
  getTimeline,
  listHoldsRoute,
  addHoldRoute,
  endHoldRoute,
];
