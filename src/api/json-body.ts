import type { MiddlewareHandler } from "hono";
import { ProblemError } from "../ops/problem.ts";
import { readBody } from "../ops/read-body.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { checkJsonText } from "./strict-json.ts";

export const jsonType = /^application\/json(?:\s*;\s*charset=utf-?8)?\s*$/i;

// Keeps nothing between calls unless told to stream.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const decode = (bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ProblemError("invalid-json", { detail: "The body is not valid UTF-8." });
  }
};

/** A body that is JSON and means one thing. Errors: `ProblemError`. */
export const strictJson = (bytes: Uint8Array): { readonly text: string; readonly value: unknown } => {
  const text = decode(bytes);
  const checked = checkJsonText(text);
  if (checked.kind === "unacceptable") throw new ProblemError("invalid-json", { detail: checked.detail });
  if (checked.kind === "mistakes") throw new ProblemError("invalid-request", { errors: checked.errors });
  return { text, value: checked.value };
};

/**
 * Reads the body within its limit and lets only JSON through that means one thing. The route's schema sees the same
 * text afterwards.
 */
export const acceptJson = (bytesMax: number): MiddlewareHandler<WebEnv> => {
  return async (c, next) => {
    if (c.req.method !== "POST") return next();
    if (!jsonType.test(c.req.header("content-type") ?? "")) {
      throw new ProblemError("unsupported-media-type", { detail: "Send Content-Type: application/json in UTF-8." });
    }
    if ((c.req.header("content-encoding") ?? "identity").toLowerCase() !== "identity") {
      throw new ProblemError("unsupported-media-type", { detail: "Send the body without Content-Encoding." });
    }
    const bytes = await readBody(c.req.raw, bytesMax, c.env?.incoming);
    if (bytes === undefined) {
      throw new ProblemError("payload-too-large", {
        detail: `A body may have ${bytesMax} bytes; split it into several requests.`,
      });
    }
    const { text } = strictJson(bytes);
    // The stream is spent: the route's validator finds the text where Hono itself would have kept it.
    Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
    await next();
    return undefined;
  };
};
