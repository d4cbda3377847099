import { HTTPException } from "hono/http-exception";
import { CommitUnknownError, isTransient } from "../db/transaction.ts";
import type { Log } from "./logger.ts";
import { type PlainAnswer, ProblemError, problemAnswer, responseOf } from "./problem.ts";

const databaseRetryMs = 5_000;

// Postgres classes: connection, resources, operator intervention, system error, role refused; and Node's network codes.
const unavailableCode = /^(?:08|53|57|58|28)[0-9A-Z]{3}$|^25006$|^E(?:CONN|HOST|NET|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN)/;

/** True when the database, not the request, is why something failed: the same request may work later. */
export const isDatabaseTrouble = (error: unknown): boolean => {
  if (error instanceof CommitUnknownError || isTransient(error)) return true;
  if (!(error instanceof Error)) return false;
  const code: unknown = Reflect.get(error, "code");
  if (typeof code === "string" && unavailableCode.test(code)) return true;
  return error instanceof AggregateError && error.errors.some(isDatabaseTrouble);
};

/** How long an error asks its caller to wait, when it says so itself (a full ledger does). */
const ownRetryAfterMs = (error: unknown): number | undefined => {
  const value: unknown = error instanceof Error ? Reflect.get(error, "retryAfterMs") : undefined;
  return typeof value === "number" ? value : undefined;
};

/** The answer to anything a handler threw. What is not a `ProblemError` is logged, and the caller learns only its kind. */
export const errorAnswer = (error: unknown, log: Log, fields: object): PlainAnswer => {
  if (error instanceof ProblemError) return problemAnswer(error.slug, error.options);
  if (error instanceof HTTPException && error.status < 500) {
    return problemAnswer(error.status === 404 ? "not-found" : "invalid-request");
  }
  const busyMs = ownRetryAfterMs(error);
  if (busyMs !== undefined) {
    log.warn({ ...fields, err: error }, "request answered busy");
    return problemAnswer("busy", { retryAfterMs: busyMs, detail: "Send the same request again after Retry-After." });
  }
  if (isDatabaseTrouble(error)) {
    log.error({ ...fields, err: error }, "request failed for want of the database");
    return problemAnswer("unavailable", {
      retryAfterMs: databaseRetryMs,
      detail: "Send the same request again after Retry-After; with the same Idempotency-Key nothing happens twice.",
    });
  }
  log.error({ ...fields, err: error }, "request failed");
  return problemAnswer("internal");
};

export const answerError = (error: unknown, log: Log, fields: object): Response =>
  responseOf(errorAnswer(error, log, fields));
