import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { setAccountState } from "../sync/accounts.ts";
import { oweLines } from "../sync/plan-lines.ts";
import {
  askRestore,
  type CapturedLine,
  capturedNumbers,
  closeRestored,
  linesToRestore,
  openRestores,
  type RestoreOutcome,
  recordRestored,
} from "../sync/plan-restore.ts";
import type { PlanRow } from "../sync/plan-rows.ts";
import { movePlan } from "../sync/plan-work.ts";
import { recordReadings } from "../sync/targets.ts";
import { confirmPushes } from "./confirm-pushes.ts";
import type { JobDeps } from "./deps.ts";
import { type AtWork, lookAgainMs, type PlanStep } from "./plan-step.ts";
import type { PlannedWrite } from "./planned.ts";
import { sendWrites } from "./send-writes.ts";

const patienceMs = 180_000;

/**
 * A person's decision, not the ledger's: the account is paused, so that nothing is pushed over it, and every captured
 * listing owes a push for the day when it goes live again.
 */
export const startRestore = async (deps: JobDeps, row: PlanRow, actor: string): Promise<void> => {
  const now = toIso(deps.clock.now());
  const { accountId } = row;
  await inTransaction(deps.db, async (tx) => {
    const reason = `plan ${(row.hash ?? "").slice(0, 12)} put back by ${actor}`;
    await setAccountState(tx, { accountId, state: "paused", reason, now });
    await askRestore(tx, { planId: row.id, accountId, actor, now });
    await oweLines(tx, row.id, "captured", now);
  });
};

const writeBack = async (work: AtWork, lines: readonly CapturedLine[]): Promise<void> => {
  const { deps, connector, row, lease, signal, underWay } = work;
  const { accountId } = row;
  const readAt = toIso(deps.clock.now());
  const handles = lines.map(({ ref, details }) => ({ ref, details }));
  const answers = await connector.readQuantities(handles, { accountId, signal });
  const readings = new Map(answers.map((reading) => [reading.ref, reading]));
  const seen = lines.map((line) => ({ line, reading: readings.get(line.ref) }));
  const told = seen.flatMap(({ line, reading }) =>
    reading === undefined || reading.units === null ? [] : [{ line, shownUnits: reading.units }],
  );
  await recordReadings(
    deps.db,
    told.map(({ line, shownUnits }) => ({ listingId: line.listingId, units: shownUnits })),
    "before-push",
    readAt,
  );
  const outcomes = seen.flatMap(({ line: { listingId, capturedUnits }, reading }): readonly RestoreOutcome[] => {
    // Left out of the answer: asked again.
    if (reading === undefined) return [];
    if (reading.units === null)
      return [{ listingId, outcome: "refused", detail: reading.reason ?? "the channel shows no quantity for it" }];
    return reading.units === capturedUnits ? [{ listingId, outcome: "done", detail: null }] : [];
  });
  await recordRestored(deps.db, row.id, outcomes, toIso(deps.clock.now()));
  const writes = told
    .filter(({ line, shownUnits }) => shownUnits !== line.capturedUnits)
    .map(
      ({ line, shownUnits }): PlannedWrite => ({
        listingId: line.listingId,
        // It settles nothing: what the ledger wants stays owed.
        version: line.settledVersion,
        ref: line.ref,
        details: line.details,
        units: line.capturedUnits,
        withheldUnits: 0,
        shownUnits,
        failures: line.failures,
        reason: "restore",
        terms: [{ term: "captured", units: line.capturedUnits }],
      }),
    );
  for (let from = 0; from < writes.length; from += connector.limits.pushBatchMax) {
    await sendWrites(deps, connector, lease, writes.slice(from, from + connector.limits.pushBatchMax), signal);
  }
  for (const { listingId } of writes) underWay.ids?.add(listingId);
};

/** Reads everything once more: back is only what the channel shows. */
const verify = async (deps: JobDeps, connector: Connector, row: PlanRow, signal: AbortSignal): Promise<void> => {
  const { accountId } = row;
  let afterId = 0;
  for (;;) {
    const lines = await capturedNumbers(deps.db, row.id, afterId, connector.limits.readBatchMax);
    if (lines.length === 0) return;
    afterId = lines.at(-1)?.listingId ?? afterId;
    const readAt = toIso(deps.clock.now());
    const answers = await connector.readQuantities(lines, { accountId, signal });
    const units = new Map(answers.map((reading) => [reading.ref, reading.units]));
    const told = lines.flatMap(({ listingId, ref }) => {
      const shown = units.get(ref);
      return shown === undefined || shown === null ? [] : [{ listingId, units: shown }];
    });
    await recordReadings(deps.db, told, "read-back", readAt);
    const outcomes = lines.map(({ listingId, ref, capturedUnits }): RestoreOutcome => {
      const shown = units.get(ref) ?? null;
      return shown === capturedUnits
        ? { listingId, outcome: "done", detail: null }
        : { listingId, outcome: "differs", detail: `shows ${shown ?? "no number"}` };
    });
    await recordRestored(deps.db, row.id, outcomes, toIso(deps.clock.now()));
  }
};

/** One batch of captured numbers, under the same protocol as every other write; at the end everything is read again. */
export const restoreStep = async (work: AtWork): Promise<PlanStep> => {
  const { deps, connector, row, signal, underWay } = work;
  const { accountId } = row;
  const lines = await linesToRestore(deps.db, row.id, connector.limits.readBatchMax, toIso(deps.clock.now()));
  if (lines.length > 0) await writeBack(work, lines);
  await confirmPushes.run({ payload: { accountId }, signal, drain: signal, progress: () => undefined }, deps);
  const looked = underWay.ids === null ? null : [...underWay.ids];
  underWay.ids ??= new Set(lines.map(({ listingId }) => listingId));
  for (const listingId of await closeRestored(deps.db, row.id, looked, toIso(deps.clock.now())))
    underWay.ids.delete(listingId);
  if (lines.length > 0) return { ended: false, waitMs: 0 };
  const open = await openRestores(deps.db, row.id);
  const quietMs = deps.clock.now() - Date.parse(row.progressAt ?? row.startedAt);
  if (open.lines + open.attempts > 0 && quietMs < patienceMs + connector.limits.settleMs)
    return { ended: false, waitMs: lookAgainMs(quietMs) };
  await verify(deps, connector, row, signal);
  const now = toIso(deps.clock.now());
  await movePlan(deps.db, { planId: row.id, from: ["restoring"], to: "restored", reason: null, now });
  return { ended: true, waitMs: 0 };
};
