import type { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { FieldProblem } from "../ops/problem.ts";
import { ProblemError } from "../ops/problem.ts";

type Issue = z.core.$ZodIssue;

/** `lines[3].units`, as people write it. */
const fieldOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((field, step) => {
    if (typeof step === "number") return `${field}[${step}]`;
    return field === "" ? String(step) : `${field}.${String(step)}`;
  }, "");

const kindNames: Readonly<Record<string, string>> = { int: "whole number", object: "JSON object", array: "list" };
const kindName = (expected: string): string => kindNames[expected] ?? expected;
const article = (noun: string): string => (/^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`);

/** zod's own phrases name its inside; ours, given in the schemas, start with a verb and are kept. */
const ownMessage = (issue: Issue): string | undefined =>
  /^(?:Invalid|Too|Unrecognized)/.test(issue.message) ? undefined : issue.message;

/** zod calls both plain and whole numbers' origins apart; everything else has a length. */
const isAmount = (origin: string): boolean => origin === "number" || origin === "int";

const describe = (issue: Issue): Omit<FieldProblem, "field"> => {
  const own = ownMessage(issue);
  if (issue.code === "invalid_type") {
    const wanted = article(kindName(issue.expected));
    if (issue.message.endsWith("received undefined")) return { problem: "is missing", fix: `send ${wanted}` };
    return { problem: own ?? `must be ${wanted}`, fix: `send ${wanted}` };
  }
  if (issue.code === "too_big") {
    const most = String(issue.maximum);
    if (isAmount(issue.origin)) return { problem: `must be at most ${most}`, fix: `send a number up to ${most}` };
    return { problem: own ?? `must be at most ${most} long`, fix: "shorten it, or split it into several requests" };
  }
  if (issue.code === "too_small") {
    const least = String(issue.minimum);
    if (isAmount(issue.origin))
      return { problem: own ?? `must be at least ${least}`, fix: `send a number from ${least}` };
    return { problem: own ?? `must be at least ${least} long`, fix: "fill it in" };
  }
  return { problem: own ?? "is not acceptable", fix: "see /openapi.json for what is accepted" };
};

const fieldProblems = (issue: Issue): readonly FieldProblem[] => {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      field: fieldOf([...issue.path, key]),
      problem: "is not a known field",
      fix: "leave it out",
    }));
  }
  return [{ field: fieldOf(issue.path) || "body", ...describe(issue) }];
};

/** Most that one answer lists: a body of 1,000 lines can be wrong in all of them. */
const errorsMax = 100;

/** Every mistake with its field, the problem and the fix; one a field, the first. */
const fieldProblemsOf = (issues: readonly Issue[]): readonly FieldProblem[] => {
  const byField = new Map<string, FieldProblem>();
  for (const one of issues.flatMap(fieldProblems)) if (!byField.has(one.field)) byField.set(one.field, one);
  return [...byField.values()].slice(0, errorsMax);
};

/** A failed validation as our problem; `target` is the part of the request, as the framework names it. */
export const validationProblem = (target: string, error: z.core.$ZodError): ProblemError => {
  const errors = fieldProblemsOf(error.issues);
  if (target !== "header") return new ProblemError("invalid-request", { errors });
  return new ProblemError("idempotency-key-required", {
    detail: "Send Idempotency-Key with a name of your own for this request; repeat it when you repeat the request.",
    errors: errors.map((one) => ({
      ...one,
      field: "Idempotency-Key",
      fix: "send 1 to 255 printable ASCII characters without spaces",
    })),
  });
};

/** For `OpenAPIHono`: turns a failed validation into our problem answers. */
export const validationHook = (
  result:
    | { readonly success: true }
    | { readonly success: false; readonly target: string; readonly error: z.core.$ZodError },
  _c: Context,
): undefined => {
  if (!result.success) throw validationProblem(result.target, result.error);
};
