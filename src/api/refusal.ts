import type { Refusal, RefusedAnswer } from "../ledger/answers.ts";
import { type FieldProblem, ProblemError, problems, problemUri } from "../ops/problem.ts";
import type { RefusedLine } from "./stock-schemas.ts";

/** What a caller can do about each refusal of the ledger. */
const fixes: Readonly<Record<Refusal, string>> = {
  "unknown-sku": "receive units of it first, or mend the SKU: it is byte-exact",
  "unknown-location": "name a location of the settings",
  "unknown-movement": "name a movement of this SKU and location, or none",
  "same-location": "name two different locations",
  "insufficient-stock": "ask for fewer units, or try again when stock came in",
  "insufficient-incoming": "take away no more than is expected",
  "units-over-limit": "send fewer units",
  "units-over-reserved": "name no more than is open; GET the reservation to see it",
  "units-over-transfer": "name no more than is under way, and adjust what came beyond it",
  "duplicate-line": "make the two lines one",
  "ttl-out-of-range": "send whole milliseconds from 1000 to 7776000000",
  "unknown-reservation": "check the id, or reserve first",
  "reservation-exists": "choose another id",
  "reservation-closed": "reserve again",
  "reservation-expired": "reserve again",
  "unknown-transfer": "check the id and the SKU, or send it first",
  "transfer-exists": "choose another id",
  "transfer-closed": "adjust what came beyond it",
  "key-reused": "send a new key for a new request",
};

/** The Idempotency-Key belongs to another body: the whole request is refused. */
export const keyReused = (): ProblemError =>
  new ProblemError("key-reused", {
    detail: "This Idempotency-Key stands for another body, for ever. Nothing was done.",
    errors: [{ field: "Idempotency-Key", problem: "was used for another body", fix: fixes["key-reused"] }],
  });

/** A refused line of a request of many. */
export const refusedLine = ({ refusal, field, detail }: RefusedAnswer, line: number): RefusedLine => ({
  line,
  status: "refused",
  problem: {
    type: problemUri(refusal),
    title: problems[refusal].title,
    field: `lines[${line}].${field}`,
    detail,
    fix: fixes[refusal],
  },
});

/** A refusal as the answer to a whole request; `fieldOf` gives the request's name for the command's field. */
export const refusedRequest = (
  { refusal, field, detail }: RefusedAnswer,
  fieldOf: (field: string) => string,
): ProblemError => {
  if (refusal === "key-reused") return keyReused();
  const error: FieldProblem = { field: fieldOf(field), problem: detail, fix: fixes[refusal] };
  return new ProblemError(refusal, { detail, errors: [error] });
};
