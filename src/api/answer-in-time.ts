import type { Clock } from "../core/clock.ts";
import { ProblemError } from "../ops/problem.ts";

/** How long a request with an Idempotency-Key waits for its answer, unless the caller is given another limit. */
export const answerMsMax = 10_000;
const retryAfterMs = 2_000;
/** Made once: an abort without a reason makes an exception with a stack. */
const nobodyWaits = new Error("nobody waits");

const tooLate = (): ProblemError =>
  new ProblemError("key-in-flight", {
    retryAfterMs,
    detail: "A request with this Idempotency-Key is still under way. Send the same request again after Retry-After.",
  });

type Waiting = { readonly untilMs: number; readonly giveUp: (error: ProblemError) => void };
type Watch = { readonly waiting: Set<Waiting>; idle: AbortController | undefined };

/** By clock and limit: who waits equally long is late in the order of coming, so one timer watches over all of them. */
const watches = new WeakMap<Clock, Map<number, Watch>>();

const watchOf = (clock: Clock, timeoutMs: number): Watch => {
  const ofClock = watches.get(clock) ?? new Map<number, Watch>();
  watches.set(clock, ofClock);
  const watch = ofClock.get(timeoutMs) ?? { waiting: new Set(), idle: undefined };
  ofClock.set(timeoutMs, watch);
  return watch;
};

/** Until nobody waits any more; then `idle` calls the timer off, so that it keeps no process up. */
const keepWatch = async (clock: Clock, watch: Watch, idle: AbortController): Promise<void> => {
  for (let [first] = watch.waiting; first !== undefined; [first] = watch.waiting) {
    await clock.sleep(Math.max(0, first.untilMs - clock.monotonicMs()), idle.signal);
    // Gone when it was answered meanwhile.
    if (watch.waiting.delete(first)) first.giveUp(tooLate());
  }
  if (watch.idle === idle) watch.idle = undefined;
};

/**
 * The work's result, or a 409 when it is not there in time: the key's effect is under way, in this process or in another one
 * that holds what it needs, and asking again under the same key gives its answer once there is one. Nothing is called off.
 */
export const answerInTime = <Result>(clock: Clock, work: Promise<Result>, timeoutMs = answerMsMax): Promise<Result> =>
  new Promise((resolve, reject) => {
    const watch = watchOf(clock, timeoutMs);
    const { waiting } = watch;
    const mine: Waiting = { untilMs: clock.monotonicMs() + timeoutMs, giveUp: reject };
    waiting.add(mine);
    if (watch.idle === undefined) {
      watch.idle = new AbortController();
      keepWatch(clock, watch, watch.idle).catch(() => undefined);
    }
    const settled = (): void => {
      waiting.delete(mine);
      if (waiting.size > 0) return;
      watch.idle?.abort(nobodyWaits);
      watch.idle = undefined;
    };
    work.then(
      (result) => {
        settled();
        resolve(result);
      },
      (error: unknown) => {
        settled();
        reject(error);
      },
    );
  });
