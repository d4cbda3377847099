import type { UserError } from "./schemas.ts";

export type RowVerdict =
  | { readonly status: "conflict" | "unknown"; readonly reason: string }
  | { readonly status: "refused"; readonly retry: "later" | "never"; readonly reason: string };

export type Verdict = {
  /** By the index of the row in the batch that was sent. */
  readonly rows: ReadonlyMap<number, RowVerdict>;
  /** For errors that name no row. `divisible`: one row may be to blame, and halving the batch finds it. */
  readonly batch: {
    readonly divisible: boolean;
    readonly verdict: RowVerdict;
    /** The first request under the key is still at work. */
    readonly inProgress?: true;
  };
};

/** Reads `userErrors` of inventorySetQuantities by code, never by message (channel document §3, §4.1). */
export const verdictOf = (errors: readonly UserError[]): Verdict => {
  const rows = new Map<number, RowVerdict>();
  let batch: Verdict["batch"] | undefined;
  for (const error of errors) {
    const index = rowOf(error.field);
    // A second complaint about a row must not soften the first one.
    if (index !== undefined) rows.set(index, harder(rows.get(index), ofRow(error)));
    else batch ??= ofBatch(error);
  }
  return {
    rows,
    batch: batch ?? { divisible: true, verdict: { status: "refused", retry: "later", reason: "not told" } },
  };
};

/** `["input", "quantities", "3", "quantity"]` → 3: the index comes as text. */
const rowOf = (field: readonly string[] | null): number | undefined => {
  const at = field?.[0] === "input" && field[1] === "quantities" ? field[2] : undefined;
  return at !== undefined && /^\d+$/.test(at) ? Number(at) : undefined;
};

const isStale = (code: string | null | undefined): boolean =>
  code === "CHANGE_FROM_QUANTITY_STALE" || code === "COMPARE_QUANTITY_STALE";

const tell = (error: UserError): string => `${error.code ?? "no code"}: ${error.message}`;

const ofRow = (error: UserError): RowVerdict =>
  isStale(error.code)
    ? { status: "conflict", reason: tell(error) }
    : { status: "refused", retry: "never", reason: tell(error) };

const harder = (first: RowVerdict | undefined, second: RowVerdict): RowVerdict =>
  first?.status === "refused" ? first : second;

const ofBatch = (error: UserError): Verdict["batch"] => {
  const reason = tell(error);
  switch (error.code ?? "") {
    case "CHANGE_FROM_QUANTITY_STALE":
    case "COMPARE_QUANTITY_STALE":
      return { divisible: true, verdict: { status: "conflict", reason } };
    // The first request under this key is still at work: what it does is not known yet.
    case "IDEMPOTENCY_CONCURRENT_REQUEST":
      return { divisible: false, verdict: { status: "unknown", reason }, inProgress: true };
    // Nothing written by this call; the next attempt has a new key. What an earlier one did, a re-read tells.
    case "IDEMPOTENCY_KEY_PARAMETER_MISMATCH":
    case "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED":
      return { divisible: false, verdict: { status: "refused", retry: "later", reason } };
    case "INVALID_NAME":
    case "INVALID_REASON":
    case "INVALID_REFERENCE_DOCUMENT":
      return { divisible: false, verdict: { status: "refused", retry: "never", reason } };
    default:
      return { divisible: true, verdict: { status: "refused", retry: "never", reason } };
  }
};
