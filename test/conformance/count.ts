import { afterEach } from "vitest";

type Counts = Record<string, Record<string, number>>;
const counts: Counts = {};
const operations: Counts = {};

const add = (to: Counts, channel: string, what: string, times: number): void => {
  to[channel] ??= {};
  const of = to[channel];
  of[what] = (of[what] ?? 0) + times;
};

/**
 * Counts what a file holds against a contract, by channel; the conformance report (report/summary.ts) adds the files up.
 * Call it once at the top of a file.
 */
export const countOf = (channel: string): ((what: string, times?: number) => void) => {
  // By reference: what is counted after the last test, in `afterAll`, is sent with the file as well.
  afterEach(({ task }) => {
    Object.assign(task.file.meta, { counts, operations });
  });
  return (what, times = 1) => add(counts, channel, what, times);
};

/** One more request of an operation, by the contract's own name. */
export const countOperation = (channel: string, operation: string): void => add(operations, channel, operation, 1);
