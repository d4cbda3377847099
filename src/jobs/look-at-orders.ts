import type { JobDeps } from "./deps.ts";
import { readOrders } from "./read-orders.ts";

/** Lower numbers wait for it, so a look is short: an account that does not answer by then is asked again later. */
const lookMsMax = 1_000;

const lookAt = async (deps: JobDeps, accountId: string, signal: AbortSignal): Promise<void> => {
  if ((deps.connectorFor(accountId)?.waitMs?.("read") ?? 0) > 0) return;
  const over = new AbortController();
  const ended = new AbortController();
  const inTime = AbortSignal.any([signal, over.signal]);
  void deps.clock.sleep(lookMsMax, ended.signal).then(
    () => over.abort(new Error(`no answer within ${lookMsMax} ms`)),
    () => undefined,
  );
  try {
    await readOrders(deps, accountId, inTime);
  } catch (error) {
    signal.throwIfAborted();
    deps.log.debug({ accountId, err: (error as Error).message }, "orders not read before a raise; asked again later");
  } finally {
    ended.abort();
  }
};

/**
 * Reads these accounts' orders into the ledger, side by side, right before a raise. What could not be read in time is not
 * an error: the raise is held back, and asked for again.
 */
export const lookAtOrders = async (
  deps: JobDeps,
  accountIds: readonly string[],
  signal: AbortSignal,
): Promise<void> => {
  await Promise.all(accountIds.map((accountId) => lookAt(deps, accountId, signal)));
};
