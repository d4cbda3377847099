import { createRoute } from "@hono/zod-openapi";
import { ConsistencyOut, ConsistencyQuery, InclusionOut, InclusionQuery, LedgerHeadOut } from "./ledger-log-schemas.ts";
import { commonAnswers, json, opensWith, problem, type ScopedRoute } from "./route-parts.ts";

export const getLedgerHead = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/ledger/head",
  summary: "The newest signed head of the ledger's log",
  responses: {
    200: json("The head.", LedgerHeadOut),
    404: problem("Nothing has been sealed yet."),
    ...commonAnswers,
  },
});

export const proveMovement = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/ledger/proofs/inclusion",
  summary: "Proof that a movement is in the log (RFC 9162)",
  request: { query: InclusionQuery },
  responses: {
    200: json("The proof, under the newest head.", InclusionOut),
    404: problem("There is no such movement, or it is not sealed yet."),
    ...commonAnswers,
  },
});

export const proveTree = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/ledger/proofs/consistency",
  summary: "Proof that the log of one size continues that of a smaller one (RFC 9162)",
  request: { query: ConsistencyQuery },
  responses: { 200: json("The proof.", ConsistencyOut), ...commonAnswers },
});

export const ledgerLogRoutes: readonly ScopedRoute[] = [getLedgerHead, proveMovement, proveTree];
