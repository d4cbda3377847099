import { z } from "zod";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { noteTry, readCursor, saveCursor } from "../sync/cursors.ts";
import { keepFindings } from "../sync/findings.ts";
import type { JobDeps } from "./deps.ts";
import { daysLeft, warnDays } from "./expiry.ts";
import { lookAtAccount } from "./look-at-account.ts";

/** Only its times are used: when the account was looked at last, and when that was tried. */
export const subscriptionsStream = "subscriptions";
/** Channels drop subscriptions whose endpoint failed for hours; more than a day of polling alone is not wanted. */
export const lookEveryMs = 86_400_000;
const freshMs = 30_000;

/**
 * Once a day, and when credentials work again: restores what the channel has dropped, and looks at everything else that
 * may end without a word. Findings are kept; what changed, and what ends soon, is logged. Never writes a quantity.
 */
export const ensureSubscriptions = defineJob({
  name: "ensure-subscriptions",
  payload: z.strictObject({ accountId: z.string() }),
  coalesceBy: ({ accountId }) => accountId,
  concurrency: 2,
  async run({ payload: { accountId }, signal }, deps: JobDeps): Promise<RunAgain | undefined> {
    const nowMs = deps.clock.now();
    const now = toIso(nowMs);
    const before = await readCursor(deps.db, accountId, subscriptionsStream);
    // The sweep asks again while a run is under way.
    if (before.watermark !== null && nowMs - Date.parse(before.watermark) < freshMs) return undefined;
    await noteTry(deps.db, accountId, subscriptionsStream, now);
    const { findings, failure } = await lookAtAccount(deps, { accountId, mode: "ensure", signal });
    const changed = await inTransaction(deps.db, async (tx) => {
      const watermark = failure === undefined ? now : null;
      await saveCursor(tx, { accountId, stream: subscriptionsStream, cursor: null, watermark, now });
      return keepFindings(tx, { accountId, findings, now });
    });
    for (const { name, ok } of changed) {
      const { detail, fix } = findings.find(({ check }) => check === name) ?? {};
      if (ok) deps.log.info({ accountId, check: name, detail }, "what was wrong with the account is mended");
      else deps.log.warn({ accountId, check: name, detail, fix }, "something is wrong with the account");
    }
    for (const { check, expiresAt, fix } of findings) {
      if (expiresAt === undefined) continue;
      const days = daysLeft(expiresAt, nowMs);
      if (days < warnDays) deps.log.warn({ accountId, check, days, fix }, "something of the account ends soon");
    }
    deps.log.info({ accountId, findings: findings.length }, "account looked at");
    if (failure !== undefined) throw failure;
    return undefined;
  },
});
