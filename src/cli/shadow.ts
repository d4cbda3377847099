import { type Command, InvalidArgumentError } from "commander";
import { toIso } from "../core/clock.ts";
import { type ShadowReport, shadowReport } from "../sync/shadow-report.ts";
import { type GlobalOptions, say, withRuntime } from "./context.ts";

const sinceDays = 7;
const dayMs = 86_400_000;
const openLines = 10;

const day = (text: string): string => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError("must be a day like 2026-11-20");
  return text;
};

const time = (ms: number | null): string => (ms === null ? "more than 6 hours" : `${Math.round(ms / 100) / 10} s`);

const reportText = (report: ShadowReport): string => {
  const { matched, open } = report;
  const waits =
    matched === 0
      ? []
      : [
          `  it came to show our number ${matched} times: half of them within ${time(report.halfWithinMs)}, nine in ten within ${time(report.ninetyPercentWithinMs)}, at most ${time(report.waitMsMax)}`,
          `  meanwhile it showed too many: ${Math.round(report.overUnitSeconds)} unit-seconds`,
        ];
  const lines = open
    .slice(0, openLines)
    .map((push) => `    ${push.ref}  shows ${push.shows ?? "?"}, would show ${push.wouldShow}, since ${push.since}`);
  return [
    `${report.accountId}: ${report.days} days`,
    `  would have been sent: ${report.zeroed} to 0, ${report.lowered} lower, ${report.raised} higher; nothing to send ${report.alreadyShown} times`,
    ...waits,
    `  overtaken by a newer number ${report.superseded} times; never shown within a day ${report.givenUp} times`,
    `  not shown yet: ${open.length}`,
    ...lines,
  ].join("\n");
};

/** What a shadow account would have done. */
export const shadowCommands = (program: Command): void => {
  const shadow = program.command("shadow").description("accounts that decide like live ones and write nothing");
  shadow
    .command("report")
    .description("what would have been sent, and how long the present tool took to show the same")
    .option("--account <id>", "only this account")
    .option("--since <day>", `from this day on, UTC (default: the last ${sinceDays} days)`, day)
    .action((_options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db, jobDeps }) => {
        const options = command.optsWithGlobals<GlobalOptions & { account?: string; since?: string }>();
        const since = options.since ?? toIso(jobDeps.clock.now() - (sinceDays - 1) * dayMs).slice(0, 10);
        const accounts = await shadowReport(db, { accountId: options.account ?? null, since });
        say(
          options,
          { since, accounts },
          accounts.map(reportText).join("\n") || "no account was in shadow; lockstep account ID --state shadow --yes",
        );
      }),
    );
};
