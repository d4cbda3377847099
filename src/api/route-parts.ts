import type { RouteConfig, z } from "@hono/zod-openapi";
import type { Scope } from "../access/api-keys.ts";
import { Problem } from "./fields.ts";

const apiKeyScheme = "apiKey";

type Answers = RouteConfig["responses"];
export const problem = (description: string): Answers[string] => ({
  description,
  content: { "application/problem+json": { schema: Problem } },
});

/** What every route may answer besides its own. */
export const commonAnswers = {
  401: problem("No key in force was sent."),
  403: problem("The key lacks the scope."),
  422: problem("Mistakes in the request, each with its field, the problem and the fix."),
  429: problem("Too many wrong keys from this address."),
  503: problem("Busy, or the database is not there; send the same request again after Retry-After."),
} as const satisfies Answers;

/** What every route with a body may answer besides. */
export const bodyAnswers = {
  400: problem("Not acceptable JSON (a name given twice included), or a needed header is missing."),
  413: problem("The body is too large."),
  415: problem("The body is not application/json in UTF-8."),
} as const satisfies Answers;

export const json = <Schema extends z.ZodType>(
  description: string,
  schema: Schema,
): { description: string; content: { "application/json": { schema: Schema } } } => ({
  description,
  content: { "application/json": { schema } },
});
export const body = <Schema extends z.ZodType>(
  schema: Schema,
): { required: true; content: { "application/json": { schema: Schema } } } => ({
  // Without `required` a request that states no content type would pass as an empty object.
  required: true,
  content: { "application/json": { schema } },
});

type Scoped = { readonly "x-required-scope": Scope; readonly security: { [scheme: string]: string[] }[] };

/** The one scope that opens a route, where the server and the document both read it. */
export const opensWith = (scope: Scope): Scoped => ({
  "x-required-scope": scope,
  security: [{ [apiKeyScheme]: [scope] }],
});

export type ScopedRoute = RouteConfig & Scoped & { getRoutingPath(): string };
