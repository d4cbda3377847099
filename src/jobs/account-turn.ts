import { type Lease, takeLease } from "../sync/leases.ts";
import type { JobDeps } from "./deps.ts";
import { endLease } from "./end-lease.ts";

/** What this process is at already: a lease names the process, so two of its runs would both have it. */
const underWay = new WeakMap<JobDeps, Set<string>>();

export type AccountTurn = { readonly lease: Lease; readonly end: () => Promise<void> };

/**
 * An account's lease for one run. Undefined: another process has it, or another run of this one (a stalled job is begun a
 * second time while the first goes on; a plan is carried out beside the pushes). Always call `end`.
 */
export const takeTurn = async (
  deps: JobDeps,
  wanted: Parameters<typeof takeLease>[1],
): Promise<AccountTurn | undefined> => {
  const turns = underWay.get(deps) ?? new Set();
  underWay.set(deps, turns);
  const name = `${wanted.purpose} ${wanted.accountId}`;
  if (turns.has(name)) return undefined;
  turns.add(name);
  const lease = await takeLease(deps.db, wanted).catch((error: unknown) => {
    turns.delete(name);
    throw error;
  });
  if (lease === undefined) {
    turns.delete(name);
    return undefined;
  }
  const end = async (): Promise<void> => {
    await endLease(deps, lease);
    turns.delete(name);
  };
  return { lease, end };
};
