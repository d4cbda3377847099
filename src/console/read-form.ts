import type { Context } from "hono";
import type { z } from "zod";
import { ProblemError } from "../ops/problem.ts";
import { readBody } from "../ops/read-body.ts";
import type { WebEnv } from "../ops/web-env.ts";

const formBytesMax = 8 * 1024;

/** A posted form, checked. Errors: `ProblemError` for one that is too large or not complete. */
export const readForm = async <Schema extends z.ZodType>(
  c: Context<WebEnv>,
  schema: Schema,
): Promise<z.infer<Schema>> => {
  const bytes = await readBody(c.req.raw, formBytesMax);
  if (bytes === undefined) throw new ProblemError("payload-too-large");
  const form = schema.safeParse(Object.fromEntries(new URLSearchParams(Buffer.from(bytes).toString("utf8"))));
  if (!form.success) throw new ProblemError("invalid-request", { detail: "The form is not complete." });
  return form.data;
};
