import type { ApiKey } from "../access/api-keys.ts";
import { claimRequest } from "../access/api-requests.ts";
import { type Clock, toIso } from "../core/clock.ts";
import { fingerprint } from "../core/digest.ts";
import type { Db } from "../db/pool.ts";
import type { LevelAnswer, RefusedAnswer } from "../ledger/answers.ts";
import type { Adjust, Receive } from "../ledger/commands.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { ProblemError, problems, problemUri } from "../ops/problem.ts";
import type { AdjustLine, LineResult, ReceiveLine } from "./schemas.ts";

export type SubmitDeps = {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly wakeOutbox: () => void;
};

type Requested =
  | { readonly route: "adjust"; readonly lines: readonly AdjustLine[] }
  | { readonly route: "receive"; readonly lines: readonly ReceiveLine[] };
export type LinesRequest = Requested & { readonly apiKey: ApiKey; readonly idempotencyKey: string };

/** Clocks of callers may run ahead of ours by this much; beyond it a time is a mistake. */
const aheadMsMax = 5 * 60_000;

const refuseFuture = (lines: readonly { readonly occurredAt?: string | undefined }[], nowMs: number): void => {
  const errors = lines.flatMap(({ occurredAt }, index) =>
    occurredAt !== undefined && Date.parse(occurredAt) > nowMs + aheadMsMax
      ? [
          {
            field: `lines[${index}].occurredAt`,
            problem: "lies in the future",
            fix: "send when it happened, or leave it out",
          },
        ]
      : [],
  );
  if (errors.length > 0) throw new ProblemError("invalid-request", { errors });
};

const commandsOf = (request: LinesRequest, nowMs: number): readonly (Adjust | Receive)[] => {
  const common = (
    line: AdjustLine | ReceiveLine,
    index: number,
  ): Omit<Adjust | Receive, "kind" | "units" | "reason"> => ({
    key: `api:${request.apiKey.id}:${request.route}:${request.idempotencyKey}#${index}`,
    sku: line.sku,
    locationId: line.location,
    actor: `api:${request.apiKey.name}`,
    occurredAt: toIso(line.occurredAt === undefined ? nowMs : Date.parse(line.occurredAt)),
  });
  return request.route === "adjust"
    ? request.lines.map(
        (line, index): Adjust => ({ ...common(line, index), kind: "adjust", units: line.units, reason: line.reason }),
      )
    : request.lines.map(
        (line, index): Receive => ({
          ...common(line, index),
          kind: "receive",
          units: line.units,
          reason: line.reason ?? null,
        }),
      );
};

const resultOf = (answer: LevelAnswer | RefusedAnswer, line: number): LineResult => {
  if (answer.status === "done") {
    return { line, status: "done", sku: answer.sku, location: answer.locationId, level: answer.level };
  }
  const { title } = problems[answer.refusal];
  const problem = {
    type: problemUri(answer.refusal),
    title,
    field: `lines[${line}].${answer.field}`,
    detail: answer.detail,
  };
  return { line, status: "refused", problem };
};

const keyReused = (): ProblemError =>
  new ProblemError("key-reused", {
    detail: "This Idempotency-Key stands for another body, for ever. Nothing was done.",
    errors: [
      { field: "Idempotency-Key", problem: "was used for another body", fix: "send a new key for a new request" },
    ],
  });

/**
 * Sends a request's lines to the ledger in their order; one answer a line. The Idempotency-Key is first bound to the
 * whole body, then each line has a key of its own, so a request that broke off half-way is simply finished by its
 * repetition. Errors: `ProblemError` for a reused key or a time in the future; the ledger's own when any line got no
 * answer (the caller repeats, and lines already done answer as before).
 */
export const submitLines = async (deps: SubmitDeps, request: LinesRequest): Promise<readonly LineResult[]> => {
  const nowMs = deps.clock.now();
  refuseFuture(request.lines, nowMs);
  const { apiKey, route, idempotencyKey, lines } = request;
  const claim = { apiKeyId: apiKey.id, route, idempotencyKey, fingerprint: fingerprint(lines), now: toIso(nowMs) };
  if (!(await claimRequest(deps.db, claim))) throw keyReused();
  const settled = await Promise.allSettled(commandsOf(request, nowMs).map((command) => deps.ledger.submit(command)));
  deps.wakeOutbox();
  return settled.map((outcome, line) => {
    if (outcome.status === "rejected") throw outcome.reason;
    if (outcome.value.status === "refused" && outcome.value.refusal === "key-reused") throw keyReused();
    return resultOf(outcome.value, line);
  });
};
