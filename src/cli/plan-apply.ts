import { type Command, InvalidArgumentError } from "commander";
import { writeAudit } from "../access/audit.ts";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { checkSome, worldRefusal } from "../jobs/check-world.ts";
import type { JobDeps } from "../jobs/deps.ts";
import { startRestore } from "../jobs/restore-plan.ts";
import { findAccount } from "../sync/accounts.ts";
import { clearChecks } from "../sync/plan-check.ts";
import { policyVersionOf } from "../sync/plan-hash.ts";
import { type Refused, refusalsOf } from "../sync/plan-refusals.ts";
import { restorePreview } from "../sync/plan-restore.ts";
import { type MadePlan, planById, planLines, planProgress } from "../sync/plan-rows.ts";
import { askApply } from "../sync/plan-work.ts";
import { ExitError, type GlobalOptions, say, untilSignalled, withRuntime } from "./context.ts";
import { actor, drivePlan, planNamed } from "./plan-drive.ts";
import { lineText } from "./plan-text.ts";

type ApplyOptions = GlobalOptions & {
  readonly plan: string;
  readonly overrideGuards?: boolean;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly canary: number;
};
type RestoreOptions = GlobalOptions & { readonly plan: string; readonly dryRun?: boolean; readonly yes?: boolean };

const wholeNumber = (text: string): number => {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return Number(text);
};

const refuse = (plan: MadePlan, refused: readonly Refused[]): ExitError =>
  new ExitError(
    1,
    [
      `plan ${plan.hash.slice(0, 12)} is not applied; nothing was written:`,
      ...refused.map(({ reason }) => `  ${reason}`),
    ].join("\n"),
    { plan: plan.hash, account: plan.accountId, done: false, refused },
  );

/** What can be told before the channel is asked. */
const refusals = async (deps: JobDeps, plan: MadePlan, overrideReason: string | null): Promise<readonly Refused[]> => {
  const account = await findAccount(deps.db, plan.accountId);
  const accountPlan = deps.planFor(plan.accountId);
  if (account === undefined || accountPlan === undefined)
    throw new ExitError(1, `there is no account "${plan.accountId}" in the settings`);
  return refusalsOf({
    state: plan.state,
    madeAtMs: Date.parse(plan.madeAt),
    applyStartedAtMs: plan.applyStartedAt === null ? null : Date.parse(plan.applyStartedAt),
    accountState: account.state,
    policyVersion: plan.policyVersion,
    policyVersionNow: policyVersionOf(accountPlan),
    guards: plan.summary.guards,
    groups: plan.summary.groups,
    overrideReason: overrideReason ?? plan.overrideReason,
    nowMs: deps.clock.now(),
  });
};

/** Reads what the plan would write, compares, and leaves everything as it is. */
const dryRun = async (deps: JobDeps, plan: MadePlan, options: ApplyOptions): Promise<void> => {
  const connector = deps.connectorFor(plan.accountId);
  const accountPlan = deps.planFor(plan.accountId);
  if (connector === undefined || accountPlan === undefined) throw new ExitError(1, "the account has no connector");
  await clearChecks(deps.db, plan.id);
  const signal = untilSignalled();
  while (await checkSome(deps, connector, plan, signal)) signal.throwIfAborted();
  const overrideReason = options.overrideGuards === true ? (options.reason ?? "") : plan.overrideReason;
  const { reason, verdict } = await worldRefusal(deps, accountPlan, { ...plan, overrideReason });
  if (reason !== undefined) throw refuse(plan, [{ code: "moved", reason }]);
  const { total, done } = await planProgress(deps.db, plan.id);
  say(
    options,
    { plan: plan.hash, account: plan.accountId, done: false, wouldWrite: total - done, world: verdict },
    `would write ${total - done} listings, ${options.canary} of them first; ${verdict.movedListings} have moved since. Nothing was changed.`,
  );
};

const apply = (options: ApplyOptions): Promise<void> =>
  withRuntime(options, async ({ jobDeps: deps }) => {
    const plan = await planNamed(deps, options.plan);
    if (options.overrideGuards === true && (options.reason ?? "").trim() === "")
      throw new ExitError(1, "--override-guards needs --reason: it is kept with the plan");
    const overrideReason = options.overrideGuards === true ? (options.reason ?? null) : null;
    const refused = await refusals(deps, plan, overrideReason);
    if (refused.length > 0) throw refuse(plan, refused);
    if (options.dryRun === true) return dryRun(deps, plan, options);
    const now = toIso(deps.clock.now());
    const { id: planId, accountId } = plan;
    const asked = { actor: actor(), overrideReason, canaryCount: options.canary, drivenBy: "command" as const };
    await inTransaction(deps.db, async (tx) => {
      const detail = { account: accountId, overrideReason, canary: options.canary };
      await writeAudit(tx, { at: now, actor: asked.actor, action: "plan.apply", subject: plan.hash, detail });
      await askApply(tx, { planId, accountId, ...asked, now });
    });
    await drivePlan(deps, planId, untilSignalled());
    const row = await planById(deps.db, planId);
    const progress = await planProgress(deps.db, planId);
    const json = { plan: plan.hash, account: accountId, state: row?.state, reason: row?.stateReason, ...progress };
    if (row?.state !== "applied")
      throw new ExitError(1, `plan ${plan.hash.slice(0, 12)}: ${row?.stateReason ?? "not applied"}`, {
        ...json,
        done: false,
      });
    const rest = `${progress.refused} refused, ${progress.moved + progress.left} left to the live account`;
    return say(
      options,
      { ...json, done: true },
      `applied: ${progress.done} of ${progress.total} listings show it (${rest}). ${accountId} is live.`,
    );
  });

const restore = (options: RestoreOptions): Promise<void> =>
  withRuntime(options, async ({ jobDeps: deps }) => {
    const plan = await planNamed(deps, options.plan);
    const { accountId } = plan;
    const preview = await restorePreview(deps.db, plan.id);
    const sold =
      preview.soldSince === 0
        ? ""
        : `\nSKUs of ${preview.soldSince} of them have sold since ${plan.madeAt}: those units would be on sale again.`;
    if (options.dryRun === true || options.yes !== true) {
      const text = `${preview.captured} numbers were captured at ${plan.madeAt}; ${preview.differing} listings show another one by the last readings, ${preview.raised} of them would be raised.${sold}\nThe account would be paused. Nothing was changed; add --yes to do it.`;
      return say(options, { plan: plan.hash, account: accountId, done: false, ...preview }, text);
    }
    const at = toIso(deps.clock.now());
    await writeAudit(deps.db, {
      at,
      actor: actor(),
      action: "plan.restore",
      subject: plan.hash,
      detail: { account: accountId, ...preview },
    });
    await startRestore(deps, plan, actor());
    await drivePlan(deps, plan.id, untilSignalled());
    const progress = await planProgress(deps.db, plan.id);
    const lines = await planLines(deps.db, plan.id, { rowsMax: 100_000 });
    const differing = lines.filter(({ restoreOutcome }) => restoreOutcome !== null && restoreOutcome !== "done");
    const json = {
      plan: plan.hash,
      account: accountId,
      restored: progress.restoreDone,
      captured: progress.restoreTotal,
      differing: differing.map(({ ref, shownUnits, restoreOutcome, restoreDetail }) => ({
        ref,
        shownUnits,
        restoreOutcome,
        restoreDetail,
      })),
    };
    const text = `${progress.restoreDone} of ${progress.restoreTotal} listings show their captured number again; ${accountId} is paused.`;
    if (progress.restoreDone < progress.restoreTotal)
      throw new ExitError(1, [text, ...differing.map(lineText)].join("\n"), { ...json, done: false });
    return say(options, { ...json, done: true }, text);
  });

/** Applying a plan, and putting back what there was before. */
export const applyCommands = (program: Command): void => {
  program
    .command("apply")
    .description("write what a plan says, some listings first; then the account is live")
    .requiredOption("--plan <hash>", "the plan, as `lockstep plan` names it")
    .option("--canary <listings>", "write so many first, over all groups, and read them back", wholeNumber, 5)
    .option("--override-guards", "although limits are passed")
    .option("--reason <text>", "with --override-guards: why")
    .option("--dry-run", "only compare with the channel and the ledger as they are now")
    .action((_options, command: Command) => apply(command.optsWithGlobals<ApplyOptions>()));
  program
    .command("restore")
    .description("put back what the listings showed when a plan was made, and pause the account")
    .requiredOption("--plan <hash>", "the plan that captured the numbers")
    .option("--dry-run", "only say what would be done")
    .option("--yes", "do it")
    .action((_options, command: Command) => restore(command.optsWithGlobals<RestoreOptions>()));
};
