import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { openRewind } from "../ledger/log/rewind.ts";
import { findAccount, setAccountState } from "../sync/accounts.ts";
import { chooseCanary } from "../sync/plan-canary.ts";
import { closeLines, dueLines, leaveRest, markCanary, openLineCount, openLines, oweLines } from "../sync/plan-lines.ts";
import { type PlanProgress, planProgress } from "../sync/plan-rows.ts";
import { movePlan } from "../sync/plan-work.ts";
import { checkSome, worldRefusal } from "./check-world.ts";
import { confirmPushes } from "./confirm-pushes.ts";
import { type AtWork, lookAgainMs, type PlanStep } from "./plan-step.ts";
import { readOrders } from "./read-orders.ts";
import { writeLines } from "./write-lines.ts";

const patienceMs = 180_000;
const refusedCountMax = 10;
const refusedPercentMax = 2;

const ended: PlanStep = { ended: true, waitMs: 0 };
const goOn: PlanStep = { ended: false, waitMs: 0 };
const nowOf = ({ deps }: AtWork): string => toIso(deps.clock.now());

const stop = async (work: AtWork, reason: string): Promise<PlanStep> => {
  const { deps, row } = work;
  // Nothing has been written yet: it stays a proposal, and says why it was not applied.
  const to = row.state === "checking" && (await planProgress(deps.db, row.id)).done === 0 ? "proposed" : "stopped";
  await movePlan(deps.db, { planId: row.id, from: [row.state], to, reason, now: nowOf(work) });
  deps.log.warn({ accountId: row.accountId, plan: row.hash, reason }, "the plan is not applied");
  return ended;
};

/** Is the world still the one that was approved? Then the canary is chosen, and every line owes a push. */
export const checkStep = async (work: AtWork): Promise<PlanStep> => {
  const { deps, connector, plan, row, signal } = work;
  if (await checkSome(deps, connector, row, signal)) return goOn;
  await readOrders(deps, row.accountId, signal);
  const { reason } = await worldRefusal(deps, plan, row);
  if (reason !== undefined) return stop(work, reason);
  const now = nowOf(work);
  await inTransaction(deps.db, async (tx) => {
    const moved = await movePlan(tx, { planId: row.id, from: ["checking"], to: "canary", reason: null, now });
    if (!moved) return;
    const lines = await openLines(tx, row.id);
    await markCanary(tx, row.id, chooseCanary(lines, row.canaryCount ?? 0, row.hash ?? ""));
    await oweLines(tx, row.id, "written", now);
  });
  return goOn;
};

const tooManyRefused = ({ refused, total }: PlanProgress): boolean =>
  refused > Math.max(refusedCountMax, Math.floor((total * refusedPercentMax) / 100));

const endCanary = async (work: AtWork): Promise<PlanStep> => {
  const { deps, row } = work;
  const progress = await planProgress(deps.db, row.id);
  if (progress.canaryDone < progress.canaryTotal)
    return stop(work, `the canary failed: ${progress.canaryDone} of ${progress.canaryTotal} listings came to show it`);
  if (progress.canaryTotal === 0 && progress.canaryMoved > 0)
    return stop(work, "every listing of the canary has moved meanwhile, so nothing was tried: make a new plan");
  await movePlan(deps.db, { planId: row.id, from: ["canary"], to: "applying", reason: null, now: nowOf(work) });
  return goOn;
};

const goLive = async (work: AtWork): Promise<PlanStep> => {
  const { deps, row } = work;
  const { accountId } = row;
  const progress = await planProgress(deps.db, row.id);
  if (tooManyRefused(progress))
    return stop(work, `the channel refused ${progress.refused} of ${progress.total} listings; the account is not live`);
  const now = nowOf(work);
  await inTransaction(deps.db, async (tx) => {
    if (!(await movePlan(tx, { planId: row.id, from: ["applying"], to: "applied", reason: null, now }))) return;
    const reason = `plan ${(row.hash ?? "").slice(0, 12)} applied`;
    await setAccountState(tx, { accountId, state: "live", reason, now });
  });
  deps.log.info({ accountId, plan: row.hash, ...progress }, "plan applied; the account is live");
  deps.wake("push-account", { accountId });
  return ended;
};

/** One batch: write what may be written, read back what is due, end what was seen; the canary alone first. */
export const applyStep = async (work: AtWork): Promise<PlanStep> => {
  const { deps, connector, row, signal, underWay } = work;
  const { accountId } = row;
  if ((await openRewind(deps.db)) !== undefined) return stop(work, "the ledger was rewound: accept that first");
  const account = await findAccount(deps.db, accountId);
  if (account === undefined || Date.parse(account.stateSince) > Date.parse(row.stateAt))
    return stop(work, `the account was set to ${account?.state ?? "nothing"} meanwhile`);
  const canaryOnly = row.state === "canary";
  const due = await dueLines(deps.db, {
    planId: row.id,
    canaryOnly,
    rowsMax: connector.limits.readBatchMax,
    now: nowOf(work),
  });
  if (due.length > 0) await writeLines(work, due);
  await confirmPushes.run({ payload: { accountId }, signal, drain: signal, progress: () => undefined }, deps);
  const looked = underWay.ids === null ? null : [...underWay.ids];
  underWay.ids ??= new Set(due.map(({ listingId }) => listingId));
  for (const listingId of await closeLines(deps.db, row.id, looked, nowOf(work))) underWay.ids.delete(listingId);
  if (due.length > 0) return goOn;
  if ((await openLineCount(deps.db, row.id, canaryOnly)) === 0) return canaryOnly ? endCanary(work) : goLive(work);
  const quietMs = deps.clock.now() - Date.parse(row.progressAt ?? row.startedAt);
  if (quietMs < patienceMs + connector.limits.settleMs) return { ended: false, waitMs: lookAgainMs(quietMs) };
  if (canaryOnly) return endCanary(work);
  await leaveRest(deps.db, row.id);
  return goLive(work);
};
