import { assertNever, ChannelError } from "../core/failure.ts";

/**
 * `again`: not a failure, come back then. `retry`: the queue's own schedule. `dead`: a person must look.
 * `auth`: pause the account.
 */
export type Verdict =
  | { readonly verdict: "again"; readonly afterMs: number }
  | { readonly verdict: "retry" }
  | { readonly verdict: "dead" }
  | { readonly verdict: "auth" };

const throttleWaitMs = 5_000;

/** The one place where a failure's kind becomes what happens next. */
export const judge = (error: unknown): Verdict => {
  if (!(error instanceof ChannelError)) return { verdict: "retry" };
  switch (error.kind) {
    case "throttled":
      return { verdict: "again", afterMs: error.retryAfterMs ?? throttleWaitMs };
    case "conflict":
      return { verdict: "again", afterMs: 0 };
    case "retryable":
      return { verdict: "retry" };
    case "permanent":
      return { verdict: "dead" };
    case "auth":
      return { verdict: "auth" };
    default:
      return assertNever(error.kind);
  }
};
