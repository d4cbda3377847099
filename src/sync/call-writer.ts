import type { Queryable } from "../db/sql.ts";
import { type ChannelCall, insertCalls } from "./channel-calls.ts";

type WriterDeps = {
  readonly db: Queryable;
  readonly log: { warn(fields: object, message: string): void };
};

/** Beyond so many waiting the newest are dropped: the log of calls must never cost a call. */
const waitingMax = 5_000;
const batchMax = 500;

/**
 * Keeps notes of calls in the background: one batch in flight and no timer, the next is whatever came meanwhile. Nobody
 * waits for it and nothing fails by it; what cannot be written is dropped and counted.
 */
export const createCallWriter = ({ db, log }: WriterDeps) => {
  const waiting: ChannelCall[] = [];
  let writing: Promise<void> | undefined;
  let dropped = 0;

  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, batchMax);
      try {
        await insertCalls(db, batch);
      } catch (error) {
        dropped += batch.length;
        log.warn({ err: (error as Error).message, dropped }, "notes of calls could not be kept");
      }
    }
    writing = undefined;
  };
  return {
    keep: (call: ChannelCall): void => {
      if (waiting.length >= waitingMax) {
        dropped += 1;
        return;
      }
      waiting.push(call);
      // In the next turn: calls that end together are one batch.
      writing ??= Promise.resolve().then(write);
    },
    /** Every note so far is kept or dropped. */
    settled: async (): Promise<void> => {
      await writing;
    },
    dropped: (): number => dropped,
  };
};
