import type { Command } from "commander";
import { compose, type Role, roles } from "../compose.ts";
import { daemonLog, type GlobalOptions, settingsOf, untilSignalled } from "./context.ts";

const run = async (options: GlobalOptions, playing: readonly Role[], migrate: boolean): Promise<void> => {
  const settings = settingsOf(options);
  const log = daemonLog(settings, playing.join("+"));
  const signal = untilSignalled();
  const runtime = await compose(settings, { roles: new Set(playing), log, migrate });
  for (const line of runtime.lines) log.info({}, line);
  log.info({ roles: playing, url: runtime.webUrl, accounts: settings.accounts.length }, "up");
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  log.info({}, "draining");
  await runtime.stop();
  log.info({}, "stopped");
};

/** The roles of the Procfile, and all of them in one process. */
export const daemonCommands = (program: Command): void => {
  program
    .command("up")
    .description("run web, worker and scheduler in one process; brings the database up to date first")
    .action((_options, command: Command) => run(command.optsWithGlobals(), roles, true));
  for (const role of roles) {
    const what = { web: "webhooks, API, board", worker: "jobs", scheduler: "timers and sweeps" }[role];
    program
      .command(role)
      .description(`run the ${role} role: ${what}`)
      .action((_options, command: Command) => run(command.optsWithGlobals(), [role], false));
  }
};
