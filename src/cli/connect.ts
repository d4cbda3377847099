import type { Command } from "commander";
import { accountGuide, isGuided, unusedOptions } from "../config/account-guide.ts";
import { type LoadedSettings, loadSettings } from "../config/load.ts";
import type { CheckFinding } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { lookAtAccount } from "../jobs/look-at-account.ts";
import { keepFindings } from "../sync/findings.ts";
import { ExitError, exitConfig, type GlobalOptions, say, untilSignalled, withRuntime } from "./context.ts";
import { findingLines } from "./finding-lines.ts";

/** One setting that is missing or wrong, and where to get it. */
type Missing = { readonly account: string; readonly setting: string; readonly problem: string; readonly how: string };
type Refused = Extract<LoadedSettings, { readonly ok: false }>;

type Options = GlobalOptions & { readonly dryRun?: boolean };

/** From credentials to the last subscription. Reads, and makes subscriptions; a quantity is never written. */
export const connectCommand = (program: Command): void => {
  program
    .command("connect")
    .description(
      "walk through an account's credentials, check everything, make and mend its subscriptions; writes no quantity",
    )
    .argument("<account...>", "accounts of the settings, or whole channels: amazon, ebay, shopify")
    .option("--dry-run", "make nothing, only say what is missing")
    .action(async (targets: readonly string[], _options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const loaded = loadSettings(options.config === undefined ? {} : { configPath: options.config });
      if (!loaded.ok)
        return tellMissing(
          targets.flatMap((target) => missingOf(target, loaded)),
          options,
        );
      const { accounts } = loaded.settings;
      const unknown = targets.filter((target) => !accounts.some((account) => isNamed(account, target)));
      if (unknown.length > 0)
        return tellMissing(
          unknown.flatMap((target) => everythingOf(target, accounts)),
          options,
        );
      await connect(targets, options);
    });
};

type Named = { readonly id: string; readonly channel: string };
const isNamed = ({ id, channel }: Named, target: string): boolean => id === target || channel === target;

const connect = (targets: readonly string[], options: Options): Promise<void> =>
  withRuntime(options, async ({ db, jobDeps }, settings) => {
    const signal = untilSignalled();
    const mode = options.dryRun === true ? "audit" : "ensure";
    const connected: { readonly account: string; readonly findings: readonly CheckFinding[] }[] = [];
    for (const account of settings.accounts.filter((one) => targets.some((target) => isNamed(one, target)))) {
      const { findings } = await lookAtAccount(jobDeps, { accountId: account.id, mode, signal });
      const now = toIso(jobDeps.clock.now());
      if (mode === "ensure")
        await inTransaction(db, (tx) => keepFindings(tx, { accountId: account.id, findings, now }));
      const hints = unusedOptions(account).map(({ setting, how }): CheckFinding => {
        return { check: `setting ${setting}`, ok: true, detail: "not set", fix: how };
      });
      connected.push({ account: account.id, findings: [...findings, ...hints] });
    }
    const ok = connected.every(({ findings }) => findings.every((finding) => finding.ok));
    const state = mode === "audit" ? "Nothing was made." : "No quantity was written.";
    const next = ok ? "Everything is in order." : "Mend what FAILs and run this again.";
    const text = [...connected.flatMap(({ account, findings }) => findingLines(account, findings)), `${next} ${state}`];
    say(options, { ok, dryRun: mode === "audit", accounts: connected }, text.join("\n"));
    if (!ok) throw new ExitError(1, "");
  });

/** The complaints about the account (about all of a channel's), each with where to get what is missing. */
const missingOf = (target: string, { complaints, accounts }: Refused): readonly Missing[] => {
  const ours = accounts.map((account) => isNamed(account, target));
  if (!ours.includes(true)) return everythingOf(target, accounts);
  return complaints.flatMap(({ path, problem, fix }) => {
    const [, at, setting] = /^accounts\[(\d+)\]\.(.+)$/.exec(path) ?? [];
    // What is wrong with the file itself stands in the way of every account.
    if (at === undefined || setting === undefined) return [{ account: target, setting: path, problem, how: fix }];
    if (ours[Number(at)] !== true) return [];
    const channel = accounts[Number(at)]?.channel ?? "";
    const steps = isGuided(channel) ? accountGuide[channel] : [];
    const how = steps.find((step) => step.setting === setting)?.how;
    return [
      {
        account: accounts[Number(at)]?.id ?? target,
        setting,
        problem,
        how: how === undefined ? fix : `${how} Then: ${fix}.`,
      },
    ];
  });
};

const unnamed = "no account names it yet";

const everythingOf = (target: string, accounts: readonly { readonly id: string }[]): readonly Missing[] => {
  if (!isGuided(target)) {
    const known = [...accounts.map(({ id }) => id), ...Object.keys(accountGuide)].join(", ");
    throw new ExitError(1, `there is no account and no channel "${target}"; known: ${known}`);
  }
  return accountGuide[target].map(({ setting, how }) => ({ account: target, setting, problem: unnamed, how }));
};

const tellMissing = (missing: readonly Missing[], options: Options): never => {
  const lines = missing.flatMap(({ account, setting, problem, how }) => [
    `FAIL ${account} ${setting}: ${problem}`,
    `     ${how}`,
  ]);
  const isNew = missing.some(({ problem }) => problem === unnamed);
  const copy = isNew ? "Copy the account's block from lockstep.example.yaml, fill" : "Fill";
  const last = `${copy} these in, and run this again.`;
  const text = missing.length === 0 ? "Other accounts' settings are wrong: run `lockstep check`." : last;
  const json = { ok: false, dryRun: options.dryRun === true, missing };
  if (missing.length === 0) throw new ExitError(exitConfig, text, json);
  say(options, json, [...lines, text].join("\n"));
  throw new ExitError(1, "");
};
