import { checkedRequests } from "../../unit/connectors/ebay/wire.ts";

const counts = new Map<string, number>();

/** One more thing of the contract that was held against the connector. */
export const tally = (what: string, count = 1): void => {
  counts.set(what, (counts.get(what) ?? 0) + count);
};

/** The file's counts as one line; every request listed was valid by the contract, or its test has failed. */
export const printTally = (title: string): void => {
  const requests = [...checkedRequests.values()].reduce((sum, count) => sum + count, 0);
  const told = [...counts, ["contract-validated requests", requests] as const].map(
    ([what, count]) => `${count} ${what}`,
  );
  process.stdout.write(`${title}: ${told.join(", ")}\n`);
};
