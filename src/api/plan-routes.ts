import { createRoute } from "@hono/zod-openapi";
import { IdempotencyHeader } from "./fields.ts";
import {
  ApplyBody,
  PlanBody,
  PlanDetailOut,
  PlanOut,
  PlanParams,
  PlanQuery,
  PlansOut,
  PlansQuery,
} from "./plan-schemas.ts";
import { body, bodyAnswers, commonAnswers, json, opensWith, problem, type ScopedRoute } from "./route-parts.ts";

export const listPlans = createRoute({
  ...opensWith("plans:read"),
  method: "get",
  path: "/v1/plans",
  summary: "Plans, newest first",
  request: { query: PlansQuery },
  responses: { 200: json("The plans.", PlansOut), ...commonAnswers },
});

export const createPlan = createRoute({
  ...opensWith("plans:read"),
  method: "post",
  path: "/v1/plans",
  summary: "Make a plan of an account: its channel is read, nothing is written to it",
  request: { headers: IdempotencyHeader, body: body(PlanBody) },
  responses: {
    202: json("The plan, begun. It has its hash when it is made.", PlanOut),
    404: problem("There is no such account."),
    ...bodyAnswers,
    ...commonAnswers,
  },
});

const unknown = { 404: problem("There is no such plan, or several begin so.") } as const;

export const getPlan = createRoute({
  ...opensWith("plans:read"),
  method: "get",
  path: "/v1/plans/{hash}",
  summary: "A plan, how far it is applied, and a page of its lines",
  request: { params: PlanParams, query: PlanQuery },
  responses: { 200: json("The plan.", PlanDetailOut), ...unknown, ...commonAnswers },
});

export const applyPlan = createRoute({
  ...opensWith("plans:apply"),
  method: "post",
  path: "/v1/plans/{hash}/apply",
  summary: "Apply a plan: the world is compared, some listings go first, then the rest; then the account is live",
  request: { params: PlanParams, headers: IdempotencyHeader, body: body(ApplyBody) },
  responses: {
    202: json("It is being applied. GET the plan to see how far.", PlanOut),
    409: problem("Refused: a limit is passed, it is too old, the account is live, or there is nothing to apply."),
    ...unknown,
    ...bodyAnswers,
    ...commonAnswers,
  },
});

export const planRoutes: readonly ScopedRoute[] = [listPlans, createPlan, getPlan, applyPlan];
