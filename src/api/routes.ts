import { createRoute, type RouteConfig, z } from "@hono/zod-openapi";
import type { Scope } from "../access/api-keys.ts";
import {
  AdjustBody,
  ConsistencyOut,
  ConsistencyQuery,
  IdempotencyHeader,
  InclusionOut,
  InclusionQuery,
  InventoryOut,
  InventoryQuery,
  InventoryQueryOut,
  LedgerHeadOut,
  LineResults,
  MovementsOut,
  MovementsQuery,
  Problem,
  ReceiveBody,
} from "./schemas.ts";

const apiKeyScheme = "apiKey";

type Answers = RouteConfig["responses"];
const problem = (description: string): Answers[string] => ({
  description,
  content: { "application/problem+json": { schema: Problem } },
});

/** What every route may answer besides its own. */
const commonAnswers = {
  401: problem("No key in force was sent."),
  403: problem("The key lacks the scope."),
  422: problem("Mistakes in the request, each with its field, the problem and the fix."),
  429: problem("Too many wrong keys from this address."),
  503: problem("Busy, or the database is not there; send the same request again after Retry-After."),
} as const satisfies Answers;

/** What every route with a body may answer besides. */
const bodyAnswers = {
  400: problem("Not acceptable JSON (a name given twice included), or a needed header is missing."),
  413: problem("The body is too large."),
  415: problem("The body is not application/json in UTF-8."),
} as const satisfies Answers;

const json = <Schema extends z.ZodType>(
  description: string,
  schema: Schema,
): { description: string; content: { "application/json": { schema: Schema } } } => ({
  description,
  content: { "application/json": { schema } },
});
const body = <Schema extends z.ZodType>(
  schema: Schema,
): { required: true; content: { "application/json": { schema: Schema } } } => ({
  // Without `required` a request that states no content type would pass as an empty object.
  required: true,
  content: { "application/json": { schema } },
});

type Scoped = { readonly "x-required-scope": Scope; readonly security: { [scheme: string]: string[] }[] };

/** The one scope that opens a route, where the server and the document both read it. */
const opensWith = (scope: Scope): Scoped => ({ "x-required-scope": scope, security: [{ [apiKeyScheme]: [scope] }] });

export const getInventory = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/inventory/{sku}",
  summary: "Stock of one SKU: its levels at every location, and their sums",
  request: {
    params: z.object({
      sku: z.string().openapi({
        param: { name: "sku", in: "path" },
        description: "Percent-encoded, byte-exact.",
        example: "MUG-BLUE",
      }),
    }),
  },
  responses: {
    200: json("The SKU's stock.", InventoryOut),
    404: problem("The ledger does not know this SKU."),
    ...commonAnswers,
  },
});

export const queryInventory = createRoute({
  ...opensWith("inventory:read"),
  method: "post",
  path: "/v1/inventory/query",
  summary: "Stock of up to 1,000 SKUs",
  request: { body: body(InventoryQuery) },
  responses: {
    200: json("Known SKUs with their stock, and the names of the unknown.", InventoryQueryOut),
    ...bodyAnswers,
    ...commonAnswers,
  },
});

export const adjustInventory = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/inventory/adjust",
  summary: "Correct what is on hand, up to 1,000 lines, each with its own answer",
  request: { headers: IdempotencyHeader, body: body(AdjustBody) },
  responses: { 200: json("One answer a line, in the lines' order.", LineResults), ...bodyAnswers, ...commonAnswers },
});

export const receiveInventory = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/inventory/receive",
  summary: "Take units into stock, up to 1,000 lines, each with its own answer",
  request: { headers: IdempotencyHeader, body: body(ReceiveBody) },
  responses: { 200: json("One answer a line, in the lines' order.", LineResults), ...bodyAnswers, ...commonAnswers },
});

export const listMovements = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/movements",
  summary: "Movements of a SKU, newest first",
  request: { query: MovementsQuery },
  responses: {
    200: json("A page of movements; none for a SKU the ledger does not know.", MovementsOut),
    ...commonAnswers,
  },
});

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

export type ScopedRoute = RouteConfig & Scoped & { getRoutingPath(): string };

/** All of `/v1`. A route without a scope does not type-check here, and one that is not here is neither served nor documented. */
export const apiRoutes: readonly ScopedRoute[] = [
  getInventory,
  queryInventory,
  adjustInventory,
  receiveInventory,
  listMovements,
  getLedgerHead,
  proveMovement,
  proveTree,
];
