import type { Clock } from "../core/clock.ts";
import { ProblemError } from "../ops/problem.ts";

/** How long a request with an Idempotency-Key waits for its answer, unless the caller is given another limit. */
export const answerMsMax = 10_000;
const retryAfterMs = 2_000;
/** Made once: an abort without a reason makes an exception with a stack for each request. */
const isAnswered = new Error("answered");

/**
 * The work's result, or a 409 when it is not there in time: the key's effect is under way, in this process or in another one
 * that holds what it needs, and asking again under the same key gives its answer once there is one. Nothing is called off.
 */
export const answerInTime = async <Result>(
  clock: Clock,
  work: Promise<Result>,
  timeoutMs = answerMsMax,
): Promise<Result> => {
  const answered = new AbortController();
  const late = clock.sleep(timeoutMs, answered.signal).then((): never => {
    throw new ProblemError("key-in-flight", {
      retryAfterMs,
      detail: "A request with this Idempotency-Key is still under way. Send the same request again after Retry-After.",
    });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    // Whoever lost the race is still somebody's promise.
    late.catch(() => undefined);
    work.catch(() => undefined);
    answered.abort(isAnswered);
  }
};
