import { afterAll } from "vitest";

/** Counts of a file, by channel and by what was held against a contract; the conformance report adds them up. */
export type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>;

const counts: Record<string, Record<string, number>> = {};

/** Counts for a channel from here on. Call it once at the top of a file. */
export const countOf = (channel: string): ((what: string, count?: number) => void) => {
  afterAll(({}, { file }) => {
    Object.assign(file.meta, { counts });
  });
  return (what, count = 1) => {
    const of = (counts[channel] ??= {});
    of[what] = (of[what] ?? 0) + count;
  };
};
