import { claimRequest } from "../access/api-requests.ts";
import { toIso } from "../core/clock.ts";
import { fingerprint, sha256Hex } from "../core/digest.ts";
import type { RefusedAnswer, ReservationAnswer } from "../ledger/answers.ts";
import type { Reserve } from "../ledger/commands.ts";
import { parseAnswer } from "../ledger/ledger.ts";
import { storedAnswer } from "../ledger/read-reservations.ts";
import { answerInTime } from "./answer-in-time.ts";
import { componentsOfListings } from "./listing-components.ts";
import { keyReused, refusedRequest } from "./refusal.ts";
import { type ReserveBody, ttlMsDefault } from "./reservation-schemas.ts";
import { resolveLines } from "./reserve-lines.ts";
import { callerOf, commandKey, type LinesRequest, type SubmitDeps } from "./submit-lines.ts";

export type ReserveRequest = Omit<LinesRequest<unknown>, "lines" | "route"> & { readonly body: ReserveBody };

const route = "reserve";

const commandOf = (request: ReserveRequest, lines: Reserve["lines"], nowMs: number): Reserve => {
  const { body, apiKey } = request;
  const key = commandKey({ ...request, route });
  return {
    kind: "reserve",
    key,
    actor: `api:${apiKey.name}`,
    occurredAt: toIso(nowMs),
    // Made of the key, so that the repetition of a request names the same reservation.
    reservationId: body.id ?? `r-${sha256Hex(key).slice(0, 32)}`,
    lines,
    mode: body.mode ?? "all",
    ttlMs: body.ttlMs === undefined ? ttlMsDefault : body.ttlMs,
    reference: body.reference ?? null,
  };
};

/**
 * The request's name for a command's field. Lines made of listings have no stable place: what a listing sells may have
 * changed by the time the answer is repeated. The detail names SKU and location.
 */
const fieldOf = (field: string, hasListings: boolean): string => {
  if (field === "reservationId") return "id";
  return hasListings && field.startsWith("lines[") ? "lines" : field;
};

type Given = ReservationAnswer | RefusedAnswer;

const storedReservation = async (deps: SubmitDeps, key: string): Promise<Given | undefined> => {
  const text = await storedAnswer(deps.db, key);
  const answer = text === undefined ? undefined : parseAnswer(text);
  return answer?.status === "refused" || (answer !== undefined && "reservation" in answer) ? answer : undefined;
};

const submit = (deps: SubmitDeps, request: ReserveRequest, lines: Reserve["lines"], nowMs: number): Promise<Given> =>
  deps.ledger.submit(commandOf(request, lines, nowMs), callerOf(request.apiKey));

/**
 * What a listing sells may change between a request and its repetition, which must get the first one's answer all the
 * same: the Idempotency-Key is bound to the body as it was sent, and an answer that is there is given again.
 */
const submitListings = async (deps: SubmitDeps, request: ReserveRequest, nowMs: number): Promise<Given> => {
  const { apiKey, idempotencyKey, body } = request;
  const claim = { apiKeyId: apiKey.id, route, idempotencyKey, fingerprint: fingerprint(body), now: toIso(nowMs) };
  if (!(await claimRequest(deps.db, claim))) throw keyReused();
  const key = commandKey({ ...request, route });
  const before = await storedReservation(deps, key);
  if (before !== undefined) return before;
  const lines = resolveLines(body, await componentsOfListings(deps.db, body.lines));
  const answer = await submit(deps, request, lines, nowMs);
  const raced = answer.status === "refused" && answer.refusal === "key-reused";
  return raced ? ((await storedReservation(deps, key)) ?? answer) : answer;
};

/**
 * One reservation. Without listings the ledger's own key is all the idempotency there is to have: one command, one
 * transaction. Errors: `ProblemError` for what the ledger or the mapping refuses; the ledger's own when it gave no answer.
 */
export const reserve = async (deps: SubmitDeps, request: ReserveRequest): Promise<ReservationAnswer> => {
  const nowMs = deps.clock.now();
  const hasListings = request.body.lines.some((line) => line.listing !== undefined);
  const given = hasListings
    ? submitListings(deps, request, nowMs)
    : submit(
        deps,
        request,
        resolveLines(request.body, () => []),
        nowMs,
      );
  const answer = await answerInTime(deps.clock, given, deps.answerMsMax);
  if (answer.status === "done") return answer;
  throw refusedRequest(answer, (field) => fieldOf(field, hasListings));
};
