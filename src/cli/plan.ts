import { type Command, InvalidArgumentError, Option } from "commander";
import { writeAudit } from "../access/audit.ts";
import type { Settings } from "../config/settings.ts";
import { toIso } from "../core/clock.ts";
import type { JobDeps } from "../jobs/deps.ts";
import { listingsStream } from "../jobs/import-listings.ts";
import { startPlan } from "../jobs/make-plan.ts";
import { readCursor } from "../sync/cursors.ts";
import { planGroups } from "../sync/plan-groups.ts";
import { isMade, type MadePlan, type PlanLine, planById, planLines, planProgress, plansOf } from "../sync/plan-rows.ts";
import { ExitError, type GlobalOptions, say, untilSignalled, withRuntime } from "./context.ts";
import { csvHead, csvLine } from "./plan-csv.ts";
import { actor, drivePlan, planNamed } from "./plan-drive.ts";
import { lineText, planText, whyText } from "./plan-text.ts";

type PlanOptions = GlobalOptions & {
  readonly account?: string;
  readonly plan?: string;
  readonly listing?: string;
  readonly group?: string;
  readonly csv?: boolean;
  readonly limit?: number;
};

const pageRows = 5_000;
const textLines = 20;

const wholeNumber = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return Number(text);
};

const make = async (deps: JobDeps, accountId: string, drain: AbortSignal): Promise<MadePlan> => {
  const plan = deps.planFor(accountId);
  if (plan === undefined) throw new ExitError(1, `there is no account "${accountId}" in the settings`);
  const { watermark } = await readCursor(deps.db, accountId, listingsStream);
  if (watermark === null)
    throw new ExitError(
      1,
      `the listings of "${accountId}" were never read to the end: run lockstep import ${accountId}`,
    );
  const at = toIso(deps.clock.now());
  await writeAudit(deps.db, { at, actor: actor(), action: "plan.make", subject: accountId, detail: {} });
  const id = await startPlan(deps, plan, { actor: actor(), drivenBy: "command" });
  process.stderr.write(`${accountId}: reading what the channel shows\n`);
  await drivePlan(deps, id, drain);
  const made = await planById(deps.db, id);
  if (made === undefined || !isMade(made))
    throw new ExitError(1, `${accountId}: no plan: ${made?.stateReason ?? "another one was begun meanwhile"}`);
  return made;
};

async function* linesOf(
  deps: JobDeps,
  plan: MadePlan,
  options: PlanOptions,
  rowsMax: number,
): AsyncGenerator<PlanLine> {
  let [afterId, left] = [0, rowsMax];
  while (left > 0) {
    const page = await planLines(deps.db, plan.id, {
      group: options.group,
      listing: options.listing,
      afterId,
      rowsMax: Math.min(left, pageRows),
    });
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    afterId = last.listingId;
    left -= page.length;
  }
}

const lineJson = (line: PlanLine) => {
  const { listingId: _id, terms, ...rest } = line;
  return { ...rest, terms, why: whyText(line) };
};

const show = async (deps: JobDeps, plans: readonly MadePlan[], options: PlanOptions): Promise<void> => {
  const everything = options.json === true || options.csv === true;
  const rowsMax = options.limit ?? (everything ? Number.MAX_SAFE_INTEGER : textLines);
  if (options.csv === true) {
    process.stdout.write(csvHead);
    for (const plan of plans)
      for await (const line of linesOf(deps, plan, options, rowsMax)) process.stdout.write(csvLine(plan, line));
    return;
  }
  const json = [];
  const text = [];
  for (const plan of plans) {
    const lines: PlanLine[] = [];
    for await (const line of linesOf(deps, plan, options, rowsMax)) lines.push(line);
    const { accountId: account, hash, state, stateReason, madeAt, madeBy, policyVersion, summary } = plan;
    const progress = await planProgress(deps.db, plan.id);
    json.push({
      account,
      hash,
      state,
      stateReason,
      madeAt,
      madeBy,
      policyVersion,
      ...summary,
      progress,
      lines: lines.map(lineJson),
    });
    text.push(planText(plan), ...lines.map(lineText));
    if (lines.length === rowsMax) text.push("  … (--limit, --group and --listing show others; --csv all)");
    if (plan.state === "proposed") text.push(`  apply it: lockstep apply --plan ${plan.hash}`);
  }
  say(options, { plans: json }, text.join("\n"));
};

const makeOrShow = (options: PlanOptions): Promise<void> =>
  withRuntime(options, async ({ jobDeps }, settings: Settings) => {
    if (options.plan !== undefined) return show(jobDeps, [await planNamed(jobDeps, options.plan)], options);
    const accounts = options.account === undefined ? settings.accounts.map(({ id }) => id) : [options.account];
    if (accounts.length === 0) throw new ExitError(1, "the settings name no account");
    const drain = untilSignalled();
    const made = [];
    for (const accountId of accounts) made.push(await make(jobDeps, accountId, drain));
    return show(jobDeps, made, options);
  });

/** What going live would change, before anything is written. */
export const planCommands = (program: Command): void => {
  program
    .command("plan")
    .description("say what each listing shows, would show, and why; reads the channels, writes nothing to them")
    .option("--account <id>", "only this account; default: all, one plan each")
    .option("--plan <hash>", "show this plan instead of making a new one")
    .option("--listing <name>", "only this listing: its ref, an alias or its channel SKU")
    .addOption(new Option("--group <group>", "only this group").choices(planGroups))
    .option("--limit <lines>", `show at most so many listings (text: ${textLines}; JSON and CSV: all)`, wholeNumber)
    .option("--csv", "every listing as CSV, safe to open in a spreadsheet")
    .action((_options, command: Command) => makeOrShow(command.optsWithGlobals<PlanOptions>()));
  program
    .command("plans")
    .description("list the plans that were made, newest first")
    .option("--account <id>", "only of this account")
    .option("--limit <rows>", "at most so many", wholeNumber, 20)
    .action((_options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db }) => {
        const { account, limit } = command.optsWithGlobals<PlanOptions>();
        const rows = await plansOf(db, { ...(account !== undefined && { accountId: account }), rowsMax: limit ?? 20 });
        const text = rows.map(
          (row) =>
            `${row.hash ?? "(being read)"}  ${row.accountId}  ${row.state}  ${row.madeAt ?? row.startedAt}${row.stateReason === null ? "" : `  ${row.stateReason}`}`,
        );
        say(command.optsWithGlobals(), { plans: rows }, text.join("\n") || "no plan was made yet");
      }),
    );
};
