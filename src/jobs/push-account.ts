import { z } from "zod";
import type { Bulk, Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { openRewind } from "../ledger/log/rewind.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { findAccount, pauseForGuard } from "../sync/accounts.ts";
import { disownSentAttempts } from "../sync/attempts.ts";
import { readCursor } from "../sync/cursors.ts";
import { holdLease, type Lease } from "../sync/leases.ts";
import { takeTurn } from "./account-turn.ts";
import { LeaseLostError } from "./begin-attempts.ts";
import { bulkRows } from "./bulk-rows.ts";
import { GuardError } from "./choose-targets.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";
import { planBatch } from "./plan-batch.ts";
import { ordersStream } from "./poll-orders.ts";
import { routeWrites } from "./route-writes.ts";
import { sendBulk } from "./send-bulk.ts";
import { sendWrites } from "./send-writes.ts";
import { shadowAccount } from "./shadow-account.ts";

/**
 * Renewed every round and before every call, which it outlives. A killed worker's accounts wait for its end: no longer than
 * for the takeover of its job by the queue.
 */
const leaseMs = 25_000;
const runMsMax = 20_000;
const waitForHolderMs = 2_000;
/** A round with one read takes no longer, the call's own deadline included. */
const planMsMax = 25_000;
const waitForOrdersMs = 1_000;

/** A raise waits for orders to be seen: ask for them, but not more often than the account allows. */
const askForOrders = async (deps: JobDeps, accountId: string): Promise<void> => {
  const plan = deps.planFor(accountId);
  if (plan === undefined) return;
  const { polledAt } = await readCursor(deps.db, accountId, ordersStream);
  const sinceMs = polledAt === null ? Number.POSITIVE_INFINITY : deps.clock.now() - Date.parse(polledAt);
  if (sinceMs >= plan.ordersEveryMsMin) deps.wake("poll-orders", { accountId });
};

const isLive = async (deps: JobDeps, accountId: string): Promise<boolean> =>
  (await findAccount(deps.db, accountId))?.state === "live";

type Round = "idle" | "lowered" | "worked" | "waits";

const hasBulk = (connector: Connector): connector is Connector & { readonly bulk: Bulk } =>
  connector.bulk !== undefined;

const pushRound = async (
  deps: JobDeps,
  connector: Connector,
  plan: AccountPlan,
  lease: Lease,
  signal: AbortSignal,
  rowsMax: number | undefined,
): Promise<Round> => {
  const readAtMs = deps.clock.monotonicMs();
  const { looked, writes, waitsForOrdersOf } = await planBatch(deps, connector, plan, signal, rowsMax);
  for (const accountId of waitsForOrdersOf) await askForOrders(deps, accountId);
  // Whoever stood still meanwhile knows what was shown long ago: it reads anew. Longer reads are many calls.
  if (rowsMax === undefined && deps.clock.monotonicMs() - readAtMs > planMsMax) return "worked";
  // Reading takes its time, and a person's pause counts from now on, not from the next run on.
  if (writes.length > 0 && !(await isLive(deps, plan.accountId))) return "idle";
  const { single, bulk } = await routeWrites(deps, connector, writes);
  const { pushBatchMax, readingLifeMs = Number.POSITIVE_INFINITY } = connector.limits;
  for (let from = 0; from < single.length; from += pushBatchMax) {
    // The rest stays owed and is read anew in the next round. The first batch always goes, or nothing ever would.
    if (from > 0 && deps.clock.monotonicMs() - readAtMs > readingLifeMs) break;
    if (from > 0 && !(await isLive(deps, plan.accountId))) return "idle";
    await sendWrites(deps, connector, lease, single.slice(from, from + pushBatchMax), signal);
  }
  if (bulk.length > 0 && hasBulk(connector)) await sendBulk(deps, connector, lease, bulk, signal);
  if (writes.length > 0 && writes.every(({ reason }) => reason === "lower")) return "lowered";
  if (looked > 0) return "worked";
  return waitsForOrdersOf.length > 0 ? "waits" : "idle";
};

/**
 * Makes a live account's listings show what they should: one planner an account at a time (a lease in Postgres, not the
 * queue's lock), riskiest listings first, until nothing is owed.
 */
export const pushAccount = defineJob({
  name: "push-account",
  payload: z.strictObject({ accountId: z.string() }),
  coalesceBy: ({ accountId }) => accountId,
  concurrency: 8,
  async run({ payload: { accountId }, signal, drain, progress }, deps: JobDeps): Promise<RunAgain | undefined> {
    const connector = deps.connectorFor(accountId);
    const plan = deps.planFor(accountId);
    if (connector === undefined || plan === undefined) return undefined;
    const state = (await findAccount(deps.db, accountId))?.state;
    if (state !== "live" && state !== "shadow") return undefined;
    const awayMs = Math.max(connector.waitMs?.("read") ?? 0, connector.waitMs?.("push") ?? 0);
    if (awayMs > 0) return { againAfterMs: awayMs };
    if (state === "shadow") return shadowAccount(deps, { connector, plan, signal, drain });
    const wanted = { accountId, purpose: "push", holder: deps.holder, lifeMs: leaseMs };
    const turn = await takeTurn(deps, wanted);
    if (turn === undefined) return { againAfterMs: waitForHolderMs };
    const { lease } = turn;
    const endsAt = deps.clock.monotonicMs() + runMsMax;
    let round: Round | undefined;
    let askedForBulk = false;
    try {
      const orphans = await disownSentAttempts(deps.db, accountId);
      if (orphans > 0)
        deps.log.warn({ accountId, orphans, at: toIso(deps.clock.now()) }, "pushes of a lost worker taken over");
      while (!drain.aborted && deps.clock.monotonicMs() < endsAt) {
        // The first round has just taken it.
        if (round !== undefined && !(await holdLease(deps.db, lease, leaseMs))) throw new LeaseLostError();
        // A rewound ledger has forgotten sales that the channel has not: what it would show is too much.
        if ((await openRewind(deps.db)) !== undefined) return undefined;
        // A round that did not only lower was the last of the urgent ones: the rest may go as one document.
        const isQuiet = round !== undefined && round !== "lowered" && !askedForBulk;
        if (isQuiet) askedForBulk = true;
        const rowsMax = isQuiet ? await bulkRows(deps, connector, plan) : undefined;
        round = await pushRound(deps, connector, plan, lease, signal, rowsMax);
        if (round === "idle") return undefined;
        progress();
        if (round === "waits") return { againAfterMs: waitForOrdersMs };
      }
      return { againAfterMs: 0 };
    } catch (error) {
      if (error instanceof LeaseLostError) return { againAfterMs: waitForHolderMs };
      if (error instanceof GuardError) {
        await pauseForGuard(deps.db, accountId, error.message, toIso(deps.clock.now()));
        deps.log.error({ accountId, reason: error.message }, "the account is paused: one run would change too much");
        return undefined;
      }
      throw error;
    } finally {
      await turn.end();
    }
  },
});
