import type { Command } from "commander";
import { openServers } from "../compose/servers.ts";
import { migrate } from "../db/migrate.ts";
import { lookAtAccount } from "../jobs/look-at-account.ts";
import { checkLedger } from "../ledger/check.ts";
import { commandLog, ExitError, type GlobalOptions, say, settingsOf, untilSignalled, withRuntime } from "./context.ts";
import { findingLines } from "./finding-lines.ts";

/** Database, settings and invariants. */
export const upkeepCommands = (program: Command): void => {
  program
    .command("migrate")
    .description("bring the database up to date (forward only)")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const servers = await openServers(settingsOf(options), commandLog());
      try {
        const applied = await migrate(servers.databaseUrl, () => undefined);
        say(
          options,
          { applied },
          applied.length === 0 ? "the database is up to date" : `applied ${applied.join(", ")}`,
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
    .description("run every invariant; each must come back empty")
    .action((_options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db }) => {
        const checks = await checkLedger(db);
        const ok = checks.every((check) => check.subjects.length === 0);
        const text = checks.map(
          (check) =>
            `${check.subjects.length === 0 ? "ok  " : "FAIL"} ${check.name}: ${check.promise}${check.subjects.map((subject) => `\n       ${subject}`).join("")}`,
        );
        say(command.optsWithGlobals(), { ok, checks }, text.join("\n"));
        if (!ok) throw new ExitError(1, "");
      }),
    );
};
