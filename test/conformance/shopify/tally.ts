import { afterAll } from "vitest";

/** Counts what a file of the suite has checked, and says so when it is done: `conformance shopify: 31 …`. */
export const tallyOf = (what: string): ((count?: number) => void) => {
  let counted = 0;
  afterAll(() => console.info(`conformance shopify: ${counted} ${what}`));
  return (count = 1) => {
    counted += count;
  };
};
