import { z } from "zod";
import { toIso } from "../core/clock.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { type AccountState, findAccount } from "../sync/accounts.ts";
import { readCursor, saveCursor } from "../sync/cursors.ts";
import { longestUnread, pushesAreDue } from "../sync/drift-find.ts";
import { defaultAuditPlan } from "./audit-plan.ts";
import { auditLagging, auditListings } from "./audit-readings.ts";
import type { JobDeps } from "./deps.ts";
import { judgeDrifts } from "./judge-drifts.ts";

export const auditStream = "audit";
const audited: ReadonlySet<AccountState> = new Set(["live", "shadow", "read-only"]);
export const isAudited = (state: AccountState): boolean => audited.has(state);
/** Of any stretch of time at most a tenth is spent in the audit's calls: when they wait for quota, it slows down. */
const pausePerCall = 9;

/** Even a busy account is audited a little: its pushes would otherwise hide what they do not touch. */
const turnsSkippedMax = 6;

/**
 * The rolling audit: reads again, with quota that pushes do not need, the listings that were read longest ago, one call
 * a run, and judges what was found. Read-only towards the channel; what it finds owing is pushed like all that is owed.
 */
export const auditAccount = defineJob({
  name: "audit-account",
  payload: z.strictObject({ accountId: z.string() }),
  coalesceBy: ({ accountId }) => accountId,
  concurrency: 4,
  async run({ payload: { accountId }, signal, progress }, deps: JobDeps): Promise<RunAgain | undefined> {
    const connector = deps.connectorFor(accountId);
    const plan = deps.planFor(accountId);
    const account = await findAccount(deps.db, accountId);
    if (connector === undefined || plan === undefined || account === undefined) return undefined;
    if (!isAudited(account.state)) return undefined;
    const audit = plan.audit ?? defaultAuditPlan;
    const startedMs = deps.clock.now();
    // The cursor is the time of the next turn, whichever process takes it.
    const { cursor, watermark } = await readCursor(deps.db, accountId, auditStream);
    if (cursor !== null && startedMs < Date.parse(cursor)) return { againAfterMs: Date.parse(cursor) - startedMs };
    if ((await judgeDrifts(deps, connector, plan, signal)) > 0) progress();
    if (account.state === "live") await auditLagging(deps, plan);
    // Pushes and their read-backs need the account's calls more.
    const mustRead = watermark === null || startedMs - Date.parse(watermark) > turnsSkippedMax * audit.everyMs;
    let readAt: string | null = null;
    if (mustRead || account.state !== "live" || !(await pushesAreDue(deps.db, accountId, toIso(startedMs)))) {
      readAt = toIso(startedMs);
      const readBefore = toIso(startedMs - audit.readAgainMs);
      const listingIds = await longestUnread(deps.db, accountId, readBefore, connector.limits.readBatchMax);
      if (listingIds.length > 0)
        await auditListings(deps, connector, plan, { listingIds, foundHow: "rolling", signal });
    }
    const endedMs = deps.clock.now();
    const pauseMs = Math.max(audit.everyMs, pausePerCall * (endedMs - startedMs));
    const now = toIso(endedMs);
    await saveCursor(deps.db, {
      accountId,
      stream: auditStream,
      cursor: toIso(endedMs + pauseMs),
      watermark: readAt,
      now,
    });
    return { againAfterMs: pauseMs };
  },
});
