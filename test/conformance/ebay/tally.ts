import { checkedRequests } from "../../unit/connectors/ebay/wire.ts";
import { countOf } from "../count.ts";

const counts = new Map<string, number>();
const count = countOf("ebay");

/** One more thing of the contract that was held against the connector. */
export const tally = (what: string, times = 1): void => {
  counts.set(what, (counts.get(what) ?? 0) + times);
  count(what, times);
};

/** The file's counts as one line; every request listed was valid by the contract, or its test has failed. */
export const printTally = (title: string): void => {
  const requests = [...checkedRequests.values()].reduce((sum, times) => sum + times, 0);
  tally("contract-validated requests", requests);
  console.info(`${title}: ${[...counts].map(([what, times]) => `${times} ${what}`).join(", ")}`);
};
