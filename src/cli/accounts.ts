import type { Command } from "commander";
import { toIso } from "../core/clock.ts";
import { AccountState, findAccount, listAccounts, setAccountState } from "../sync/accounts.ts";
import { owedWork } from "../sync/owed-work.ts";
import { plansOf } from "../sync/plan-rows.ts";
import { ExitError, type GlobalOptions, say, withRuntime } from "./context.ts";

const guardsOffMs = 15 * 60_000;

/** Accounts: what they are doing, and what they may do. */
export const accountCommands = (program: Command): void => {
  program
    .command("accounts")
    .description("list the accounts with their state and what they owe")
    .action((_options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db, jobDeps }) => {
        const work = new Map((await owedWork(db, toIso(jobDeps.clock.now()))).map((row) => [row.accountId, row]));
        const rows = (await listAccounts(db)).map((account) => ({ ...account, ...work.get(account.id) }));
        const text = rows.map(
          (row) =>
            `${row.id} (${row.channel}): ${row.state}${row.stateReason === null ? "" : ` – ${row.stateReason}`}; ${row.owedTargets ?? 0} listings owed, ${row.openAttempts ?? 0} pushes unread, ${row.parked ?? 0} deliveries unmapped, ${row.dead ?? 0} dead letters, ${row.blocked ?? 0} listings blocked`,
        );
        say(command.optsWithGlobals(), { accounts: rows }, text.join("\n"));
      }),
    );
  program
    .command("account")
    .description("change an account's state; without --yes only says what would change")
    .argument("<id>")
    .requiredOption("--state <state>", "read-only, shadow, live or paused")
    .option("--reason <text>", "why", "changed by hand")
    .option("--allow-large-run", "with --state live: for 15 minutes no run is stopped for its size")
    .option("--yes", "do it")
    .action((id: string, _options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db, jobDeps }) => {
        const options = command.optsWithGlobals<
          GlobalOptions & { state: string; reason: string; yes?: boolean; allowLargeRun?: boolean }
        >();
        const state = AccountState.exclude(["needs-attention"]).safeParse(options.state);
        if (!state.success)
          throw new ExitError(1, `--state must be read-only, shadow, live or paused, not "${options.state}"`);
        const account = await findAccount(db, id);
        if (account === undefined) throw new ExitError(1, `there is no account "${id}"; it must be in the settings`);
        const applied = await plansOf(db, { accountId: id, states: ["applied"], rowsMax: 1 });
        const warning =
          state.data === "live" && applied.length === 0
            ? `no plan of "${id}" was ever applied; \`lockstep plan --account ${id}\` shows what going live would change`
            : null;
        if (warning !== null) process.stderr.write(`warning: ${warning}\n`);
        const change = { account: id, from: account.state, to: state.data, warning };
        if (options.yes !== true) {
          say(
            options,
            { ...change, done: false },
            `${id}: ${account.state} → ${state.data}. Nothing changed; add --yes to do it.`,
          );
          return;
        }
        const nowMs = jobDeps.clock.now();
        const guardsOffUntil = options.allowLargeRun === true ? toIso(nowMs + guardsOffMs) : undefined;
        await setAccountState(db, {
          accountId: id,
          state: state.data,
          reason: options.reason,
          now: toIso(nowMs),
          guardsOffUntil,
        });
        if (state.data === "live") jobDeps.wake("push-account", { accountId: id });
        say(options, { ...change, done: true }, `${id}: ${account.state} → ${state.data}`);
      }),
    );
};
