import type { JobDeps } from "./deps.ts";
import { ingest } from "./ingest.ts";
import { pollOrders } from "./poll-orders.ts";

/** Brings an account's orders into the ledger now, in this process: a command may run where no worker does. */
export const readOrders = async (deps: JobDeps, accountId: string, signal: AbortSignal): Promise<void> => {
  const run = { payload: { accountId }, signal, drain: signal, progress: () => undefined };
  await pollOrders.run(run, deps);
  await ingest.run(run, deps);
};
