import { afterAll } from "vitest";
import { countOf } from "../count.ts";

/** Counts what a file of the suite has checked, and says so when it is done: `conformance shopify: 31 …`. */
export const tallyOf = (what: string): ((count?: number) => void) => {
  let counted = 0;
  const count = countOf("shopify");
  afterAll(() => console.info(`conformance shopify: ${counted} ${what}`));
  return (times = 1) => {
    counted += times;
    count(what, times);
  };
};
