import type { Clock } from "../core/clock.ts";
import type { Log } from "../ops/logger.ts";

const everyMs = 1_000;

/** Calls `turn` again and again until stopped; a turn that fails is logged and the next one comes all the same. */
export const startScheduler = (deps: { readonly clock: Clock; readonly log: Log }, turn: () => Promise<unknown>) => {
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await turn().catch((error: Error) => deps.log.error({ err: error.message }, "sweep failed"));
      await deps.clock.sleep(everyMs, stopping.signal).catch(() => undefined);
    }
  };
  const ended = loop();
  return {
    stop: async (): Promise<void> => {
      stopping.abort(new Error("stopping"));
      await ended;
    },
  };
};
