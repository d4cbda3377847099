import type { ContentfulStatusCode } from "hono/utils/http-status";

/** One thing wrong with a request: where, what, and what to do about it. */
export type FieldProblem = { readonly field: string; readonly problem: string; readonly fix: string };

/** Every problem we answer with. The URI `urn:lockstep:problem:<slug>` is stable: programs may branch on it. */
export const problems = {
  unauthorized: { status: 401, title: "An API key is needed" },
  "sign-in-needed": { status: 401, title: "Sign in first" },
  forbidden: { status: 403, title: "Not allowed" },
  "cross-site": { status: 403, title: "The request did not come from our own pages" },
  "unknown-sku": { status: 404, title: "The ledger does not know this SKU" },
  "not-in-the-log": { status: 404, title: "The log does not hold this movement" },
  "unknown-account": { status: 404, title: "There is no such account" },
  "not-found": { status: 404, title: "There is nothing here" },
  "method-not-allowed": { status: 405, title: "Not with this method" },
  "invalid-json": { status: 400, title: "The body is not acceptable JSON" },
  "idempotency-key-required": { status: 400, title: "The header Idempotency-Key is missing or not acceptable" },
  "payload-too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "The body must be JSON" },
  "invalid-request": { status: 422, title: "The request has mistakes" },
  "key-reused": { status: 422, title: "The Idempotency-Key was used for another body" },
  "key-in-flight": { status: 409, title: "A request with this Idempotency-Key is still under way" },
  "unknown-location": { status: 422, title: "There is no such location" },
  "unknown-movement": { status: 422, title: "There is no such movement of this SKU and location" },
  "insufficient-stock": { status: 422, title: "There are not enough units" },
  "units-over-limit": { status: 422, title: "The quantity would pass the limit" },
  "same-location": { status: 422, title: "Both locations are the same" },
  "insufficient-incoming": { status: 422, title: "Not so many units are expected" },
  "units-over-reserved": { status: 422, title: "Not so many units are open in the reservation" },
  "units-over-transfer": { status: 422, title: "Not so many units are under way" },
  "duplicate-line": { status: 422, title: "Two lines name the same SKU and location" },
  "ttl-out-of-range": { status: 422, title: "The time to live is out of range" },
  "unknown-reservation": { status: 404, title: "There is no such reservation" },
  "reservation-exists": { status: 409, title: "There is a reservation of this id already" },
  "reservation-closed": { status: 409, title: "Nothing of the reservation is open any more" },
  "reservation-expired": { status: 409, title: "The reservation has expired" },
  "unmapped-listing": { status: 422, title: "The listing is not linked to what it sells" },
  "unknown-transfer": { status: 404, title: "There is no such transfer" },
  "transfer-exists": { status: 409, title: "The transfer has this SKU already" },
  "transfer-closed": { status: 409, title: "Nothing of the transfer is under way any more" },
  "signature-refused": { status: 401, title: "The request is not authentic" },
  "too-many-attempts": { status: 429, title: "Too many failed attempts" },
  "unknown-plan": { status: 404, title: "There is no such plan" },
  "plan-refused": { status: 409, title: "The plan is not applied" },
  busy: { status: 503, title: "Too busy just now" },
  unavailable: { status: 503, title: "Not available just now" },
  internal: { status: 500, title: "Something went wrong on our side" },
} as const satisfies Record<string, { status: ContentfulStatusCode; title: string }>;
export type ProblemSlug = keyof typeof problems;

export type ProblemOptions = {
  /** Says what was wrong in this case, in words that give nothing of our inside away. */
  readonly detail?: string;
  readonly errors?: readonly FieldProblem[];
  readonly retryAfterMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Thrown by a handler to answer with a problem; everything else that is thrown is our own fault and told to nobody. */
export class ProblemError extends Error {
  readonly slug: ProblemSlug;
  readonly options: ProblemOptions;
  constructor(slug: ProblemSlug, options: ProblemOptions = {}) {
    super(options.detail ?? problems[slug].title);
    this.name = "ProblemError";
    this.slug = slug;
    this.options = options;
  }
}

export const problemUri = (slug: ProblemSlug): string => `urn:lockstep:problem:${slug}`;

/** An answer before it is written to either kind of server. Names of headers in lower case. */
export type PlainAnswer = {
  readonly status: ContentfulStatusCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** An `application/problem+json` answer (RFC 9457). */
export const problemAnswer = (slug: ProblemSlug, options: ProblemOptions = {}): PlainAnswer => {
  const { status, title } = problems[slug];
  const { detail, errors, retryAfterMs } = options;
  const body = {
    type: problemUri(slug),
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    ...(errors === undefined ? {} : { errors }),
  };
  const headers = {
    "content-type": "application/problem+json",
    ...options.headers,
    ...(retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1_000)) }),
  };
  return { status, headers, body: JSON.stringify(body) };
};

export const responseOf = ({ status, headers, body }: PlainAnswer): Response => new Response(body, { status, headers });

export const problemResponse = (slug: ProblemSlug, options: ProblemOptions = {}): Response =>
  responseOf(problemAnswer(slug, options));
