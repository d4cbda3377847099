import type { Command } from "commander";
import { openServers } from "../compose/servers.ts";
import { grantAppRole } from "../db/app-role.ts";
import { migrate } from "../db/migrate.ts";
import { invariants, runInvariant } from "../jobs/check-invariants.ts";
import { lookAtAccount } from "../jobs/look-at-account.ts";
import { commandLog, ExitError, type GlobalOptions, say, settingsOf, untilSignalled, withRuntime } from "./context.ts";
import { findingLines } from "./finding-lines.ts";

/** A person waits for it: longer than the hourly job takes. */
const checkMsMax = 10 * 60_000;

/** Database, settings and invariants. */
export const upkeepCommands = (program: Command): void => {
  program
    .command("migrate")
    .description("bring the database up to date (forward only)")
    .option("--app-role <name>", "let this role do what a daemon does at work, and nothing else (DATABASE_APP_ROLE)")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { readonly appRole?: string }>();
      const servers = await openServers(settingsOf(options), commandLog());
      try {
        const applied = await migrate(servers.databaseUrl, () => undefined);
        const appRole = options.appRole ?? servers.appRole;
        if (appRole !== undefined) {
          await grantAppRole(servers.databaseUrl, appRole).catch((error: Error) => {
            throw new ExitError(1, error.message);
          });
        }
        const done = applied.length === 0 ? "the database is up to date" : `applied ${applied.join(", ")}`;
        say(
          options,
          { applied, appRole: appRole ?? null },
          appRole === undefined ? done : `${done}; ${appRole} may do what work needs`,
        );
      } finally {
        await servers.stop();
      }
    });
  program
    .command("check")
    .description(
      "test settings, database, queue and every account's credentials, scopes, region, clock, quota, expiries and subscriptions; changes nothing",
    )
    .action((_options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ jobDeps, lines }, settings) => {
        const options = command.optsWithGlobals<GlobalOptions>();
        const signal = untilSignalled();
        const accounts = [];
        for (const { id } of settings.accounts) {
          const { findings } = await lookAtAccount(jobDeps, { accountId: id, mode: "audit", signal });
          accounts.push({ account: id, findings });
        }
        const ok = accounts.every(({ findings }) => findings.every((finding) => finding.ok));
        const text = [...lines, ...accounts.flatMap(({ account, findings }) => findingLines(account, findings))];
        say(options, { ok, servers: lines, accounts }, text.join("\n"));
        if (!ok) throw new ExitError(1, "");
      }),
    );
  const ledger = program.command("ledger").description("the ledger itself");
  ledger
    .command("check")
    .description("run every invariant of ledger and synchronisation; each must come back empty")
    .action((_options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ jobDeps }) => {
        const checks = [];
        for (const check of invariants)
          checks.push({ promise: check.promise, ...(await runInvariant(jobDeps, check, checkMsMax)) });
        const ok = checks.every((check) => check.violations === 0);
        const text = checks.map(({ name, promise, violations, subjects, failure }) => {
          const word = violations === 0 ? "ok  " : "FAIL";
          const more = violations !== null && violations > subjects.length ? [`… ${violations} in all`] : [];
          const details = [...(failure === null ? [] : [failure]), ...subjects, ...more];
          return `${word} ${name}: ${promise}${details.map((detail) => `\n       ${detail}`).join("")}`;
        });
        say(command.optsWithGlobals(), { ok, checks }, text.join("\n"));
        if (!ok) throw new ExitError(1, "");
      }),
    );
};
