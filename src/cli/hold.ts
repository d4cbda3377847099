import { userInfo } from "node:os";
import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { writeAudit } from "../access/audit.ts";
import { toIso } from "../core/clock.ts";
import { AccountId, Sku } from "../core/ids.ts";
import { endHold, type HoldEffect, type HoldTarget, previewHold, putHold } from "../jobs/put-hold.ts";
import { findHold, type HoldRow, holdKinds, listHolds } from "../sync/holds.ts";
import { ExitError, type GlobalOptions, say, withRuntime } from "./context.ts";
import { checked, wholeNumber } from "./submit.ts";

type ScopeOptions = {
  readonly sku?: string;
  readonly account?: string;
  readonly listing?: string;
  readonly everything?: boolean;
};
type AddOptions = GlobalOptions &
  ScopeOptions & {
    readonly reason: string;
    readonly minutes?: number;
    readonly until?: string;
    readonly dryRun?: boolean;
  };

const Kind = z.enum(holdKinds, "must be freeze or zero");
const Time = z.iso.datetime({ offset: true, error: "must be a time in ISO 8601 with an offset" });

const time = (text: string): string => {
  if (!Time.safeParse(text).success)
    throw new InvalidArgumentError("must be a time in ISO 8601, as 2026-11-27T12:00:00Z");
  return toIso(Date.parse(text));
};

const targetOf = ({ sku, account, listing, everything }: ScopeOptions): HoldTarget => {
  const named = [sku !== undefined, account !== undefined, everything === true].filter(Boolean).length;
  if (named !== 1 || (listing !== undefined && account === undefined))
    throw new ExitError(1, "say what: --sku, --account, --account with --listing, or --everything");
  if (sku !== undefined) return { scope: "sku", sku: checked(Sku, "--sku", sku) };
  if (account === undefined) return { scope: "everything" };
  const accountId = checked(AccountId, "--account", account);
  return listing === undefined ? { scope: "account", accountId } : { scope: "listing", accountId, listing };
};

export const holdOn = (hold: HoldRow): string => {
  if (hold.scope === "sku") return `SKU ${hold.sku}`;
  if (hold.scope === "listing") return `${hold.accountId} ${hold.listingRef}`;
  return hold.scope === "account" ? `account ${hold.accountId}` : "everything";
};

const holdText = (hold: HoldRow): string => {
  const end = hold.expiresAt === null ? "until it is ended" : `until ${hold.expiresAt}`;
  const over = hold.endedAt === null ? "" : `; ended ${hold.endedAt} by ${hold.endedBy}`;
  return `${hold.id}  ${hold.kind}  ${holdOn(hold)}  since ${hold.startedAt} ${end}  ${hold.reason}  (${hold.actor})${over}`;
};

const effectText = ({ listings, notLive }: HoldEffect): string =>
  `${listings} listings${notLive.length === 0 ? "" : `; nothing is written to ${notLive.join(", ")}: not live`}`;

const add = (kindText: string, options: AddOptions): Promise<void> => {
  const kind = checked(Kind, "kind", kindText);
  const target = targetOf(options);
  return withRuntime(options, async ({ jobDeps, db }) => {
    const nowMs = jobDeps.clock.now();
    const expiresAt = options.minutes === undefined ? (options.until ?? null) : toIso(nowMs + options.minutes * 60_000);
    if (options.dryRun === true) {
      const seen = await previewHold(jobDeps, target);
      if (seen.status === "refused") throw new ExitError(1, seen.detail, seen);
      return say(
        options,
        { kind, target, expiresAt, effect: seen.effect, done: false },
        `would ${kind} ${effectText(seen.effect)}`,
      );
    }
    const actor = `cli:${userInfo().username}`;
    const detail = { kind, target, reason: options.reason, expiresAt };
    await writeAudit(db, { at: toIso(nowMs), actor, action: "hold.add", subject: target.scope, detail });
    const made = await putHold(jobDeps, { kind, target, reason: options.reason, actor, expiresAt, requestKey: null });
    if (made.status === "refused") throw new ExitError(1, made.detail, made);
    return say(options, { ...made, done: true }, `${holdText(made.hold)}\n${effectText(made.effect)}`);
  });
};

const end = (id: number, options: GlobalOptions & { readonly dryRun?: boolean }): Promise<void> =>
  withRuntime(options, async ({ jobDeps, db }) => {
    const hold = await findHold(db, id);
    if (hold === undefined) throw new ExitError(1, `there is no hold ${id}; see lockstep hold list --all`);
    if (hold.endedAt !== null) throw new ExitError(1, `hold ${id} ended ${hold.endedAt} by ${hold.endedBy}`, { hold });
    if (options.dryRun === true) return say(options, { hold, done: false }, `would end ${holdText(hold)}`);
    const actor = `cli:${userInfo().username}`;
    await writeAudit(db, {
      at: toIso(jobDeps.clock.now()),
      actor,
      action: "hold.end",
      subject: String(id),
      detail: {},
    });
    const ended = await endHold(jobDeps, { id, actor });
    if (ended === undefined) throw new ExitError(1, `there is no hold ${id}`);
    return say(
      options,
      { ...ended, done: true },
      `${holdText(ended.hold)}\n${effectText(ended.effect)} follow the ledger again`,
    );
  });

/** The brake: freeze or zero a SKU, a listing, an account or everything, and let go again. */
export const holdCommands = (program: Command): void => {
  const hold = program.command("hold").description("the brake: keep listings as they are, or at 0");
  hold
    .command("add")
    .description("put a hold in force at once")
    .argument("<kind>", "freeze: nothing is pushed; zero: 0 is shown")
    .option("--sku <sku>", "all listings that sell it")
    .option("--account <id>", "all its listings")
    .option("--listing <ref>", "with --account: this listing alone, by ref or alias")
    .option("--everything", "every listing of every account")
    .requiredOption("--reason <text>", "why")
    .option("--minutes <n>", "it ends by itself after so many minutes", wholeNumber)
    .option("--until <time>", "it ends by itself then", time)
    .option("--dry-run", "only say what it would brake")
    .action((kind: string, _options, command: Command) => add(kind, command.optsWithGlobals<AddOptions>()));
  hold
    .command("list")
    .description("holds in force, newest first")
    .option("--all", "those that have ended too")
    .action((_options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db }) => {
        const { all } = command.optsWithGlobals<{ all?: boolean }>();
        const holds = await listHolds(db, { inForce: all !== true, beforeId: null, rowsMax: 1_000 });
        say(command.optsWithGlobals(), { holds }, holds.map(holdText).join("\n") || "nothing is held");
      }),
    );
  hold
    .command("end")
    .description("end a hold: its listings go to what the ledger says now")
    .argument("<id>", "its number", wholeNumber)
    .option("--dry-run", "only say which")
    .action((id: number, _options, command: Command) => end(id, command.optsWithGlobals()));
};
