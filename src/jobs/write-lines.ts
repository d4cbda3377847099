import { toIso } from "../core/clock.ts";
import { readCursor } from "../sync/cursors.ts";
import { type DueLine, type LineOutcome, recordOutcomes } from "../sync/plan-lines.ts";
import { approves } from "../sync/plan-world.ts";
import type { JobDeps } from "./deps.ts";
import { planTargets } from "./plan-batch.ts";
import type { AtWork } from "./plan-step.ts";
import type { PlannedWrite } from "./planned.ts";
import { ordersStream } from "./poll-orders.ts";
import { readOrders } from "./read-orders.ts";
import { sendWrites } from "./send-writes.ts";

/** Raises wait for these accounts' orders: read them, but not more often than the account allows. */
const readOrdersIfDue = async (deps: JobDeps, accountId: string, signal: AbortSignal): Promise<void> => {
  const plan = deps.planFor(accountId);
  if (plan === undefined) return;
  const { polledAt } = await readCursor(deps.db, accountId, ordersStream);
  if (polledAt !== null && deps.clock.now() - Date.parse(polledAt) < Math.max(500, plan.ordersEveryMsMin)) return;
  await readOrders(deps, accountId, signal);
};

const isApproved = (line: DueLine, write: PlannedWrite): boolean =>
  write.reason !== "restore" &&
  approves({
    group: line.group,
    plannedUnits: line.plannedUnits,
    reason: write.reason,
    wantedUnits: write.units + write.withheldUnits,
  });

/**
 * Writes lines of a plan by the push protocol: read live, computed from the ledger now, raised on evidence only. What
 * the ledger asks for beyond what was approved is left alone.
 */
export const writeLines = async (work: AtWork, due: readonly DueLine[]): Promise<void> => {
  const { deps, connector, plan, row, lease, signal, underWay } = work;
  const batch = await planTargets(deps, connector, plan, due, signal);
  const lineOf = new Map(due.map((line) => [line.listingId, line]));
  const approved = batch.writes.filter((write) => {
    const line = lineOf.get(write.listingId);
    return line !== undefined && isApproved(line, write);
  });
  const sent = new Set(approved.map(({ listingId }) => listingId));
  const outcomes: readonly LineOutcome[] = [
    ...batch.settled.map(({ listingId, units }) => ({
      listingId,
      outcome: "done" as const,
      detail: `shows ${units} already`,
    })),
    ...batch.blocked.map(({ listingId, reason }) => ({ listingId, outcome: "refused" as const, detail: reason })),
    ...batch.writes
      .filter(({ listingId }) => !sent.has(listingId))
      .map(({ listingId, units, withheldUnits }) => ({
        listingId,
        outcome: "moved" as const,
        detail: `the ledger says ${units + withheldUnits} now, and that was not approved`,
      })),
  ];
  await recordOutcomes(deps.db, row.id, outcomes, toIso(deps.clock.now()));
  for (let from = 0; from < approved.length; from += connector.limits.pushBatchMax) {
    await sendWrites(deps, connector, lease, approved.slice(from, from + connector.limits.pushBatchMax), signal);
  }
  for (const { listingId } of due) underWay.ids?.add(listingId);
  for (const accountId of batch.waitsForOrdersOf) await readOrdersIfDue(deps, accountId, signal);
};
