import type { ApiKey } from "../access/api-keys.ts";
import { claimRequest } from "../access/api-requests.ts";
import { type Clock, toIso } from "../core/clock.ts";
import { fingerprint } from "../core/digest.ts";
import type { Db } from "../db/pool.ts";
import type { RefusedAnswer } from "../ledger/answers.ts";
import type { Ledger, SubmitOptions } from "../ledger/ledger.ts";
import { ProblemError } from "../ops/problem.ts";
import { answerInTime } from "./answer-in-time.ts";
import { keyReused, refusedLine } from "./refusal.ts";
import type { RefusedLine } from "./stock-schemas.ts";

export type SubmitDeps = {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly wakeOutbox: () => void;
  /** How long a request waits for the ledger's answer; `answerMsMax` when left out. */
  readonly answerMsMax?: number;
};

/** What every command says besides what it wants. */
export type CommandBase = { readonly key: string; readonly actor: string; readonly occurredAt: string };

export type LinesRequest<Line> = {
  /** Part of the key: the same Idempotency-Key on another route is another key. */
  readonly route: string;
  readonly lines: readonly Line[];
  readonly apiKey: ApiKey;
  readonly idempotencyKey: string;
};

/** How a route's lines are put to the ledger, and its answers become the route's. */
export type LineWork<Line, Answer extends { readonly status: "done" }, Done> = {
  readonly send: (
    ledger: Ledger,
    line: Line,
    base: CommandBase,
    options: SubmitOptions,
  ) => Promise<Answer | RefusedAnswer>;
  readonly doneOf: (answer: Answer, line: number) => Done;
};

/** Clocks of callers may run ahead of ours by this much; beyond it a time is a mistake. */
const aheadMsMax = 5 * 60_000;

type Timed = { readonly occurredAt?: string | undefined };

const refuseFuture = (lines: readonly Timed[], nowMs: number): void => {
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

/** The key a request's effect has in the ledger. API keys have their own, so two callers never meet in one. */
export const commandKey = (request: Omit<LinesRequest<unknown>, "lines">): string =>
  `api:${request.apiKey.id}:${request.route}:${request.idempotencyKey}`;

/** In a full batch the API keys take turns. */
export const callerOf = (apiKey: ApiKey): SubmitOptions => ({ caller: `api:${apiKey.id}` });

/**
 * Sends a request's lines to the ledger in their order; one answer a line. The Idempotency-Key is first bound to the
 * whole body, then each line has a key of its own, so a request that broke off half-way is simply finished by its
 * repetition. Errors: `ProblemError` for a reused key, a time in the future or an answer that is not there in time; the
 * ledger's own when any line got no answer (the caller repeats, and lines already done answer as before).
 */
export const submitLines = async <Line extends Timed, Answer extends { readonly status: "done" }, Done>(
  deps: SubmitDeps,
  request: LinesRequest<Line>,
  work: LineWork<Line, Answer, Done>,
): Promise<(Done | RefusedLine)[]> => {
  const nowMs = deps.clock.now();
  refuseFuture(request.lines, nowMs);
  return answerInTime(deps.clock, submitClaimed(deps, request, work, nowMs), deps.answerMsMax);
};

const submitClaimed = async <Line extends Timed, Answer extends { readonly status: "done" }, Done>(
  deps: SubmitDeps,
  request: LinesRequest<Line>,
  work: LineWork<Line, Answer, Done>,
  nowMs: number,
): Promise<(Done | RefusedLine)[]> => {
  const { apiKey, route, idempotencyKey, lines } = request;
  const claim = { apiKeyId: apiKey.id, route, idempotencyKey, fingerprint: fingerprint(lines), now: toIso(nowMs) };
  if (!(await claimRequest(deps.db, claim))) throw keyReused();
  const actor = `api:${apiKey.name}`;
  const sent = lines.map((line, index) => {
    const key = `${commandKey(request)}#${index}`;
    const occurredAt = toIso(line.occurredAt === undefined ? nowMs : Date.parse(line.occurredAt));
    return work.send(deps.ledger, line, { key, actor, occurredAt }, callerOf(apiKey));
  });
  const settled = await Promise.allSettled(sent);
  deps.wakeOutbox();
  return settled.map((outcome, line) => {
    if (outcome.status === "rejected") throw outcome.reason;
    const answer = outcome.value;
    if (answer.status === "done") return work.doneOf(answer, line);
    if (answer.refusal === "key-reused") throw keyReused();
    return refusedLine(answer, line);
  });
};
