import { userInfo } from "node:os";
import type { Command } from "commander";
import { writeAudit } from "../access/audit.ts";
import { toIso } from "../core/clock.ts";
import { compareLevels, type LevelDifference, mendLevels } from "../ledger/rebuild.ts";
import { ExitError, type GlobalOptions, say, withRuntime } from "./context.ts";

type RebuildOptions = GlobalOptions & { readonly dryRun?: boolean; readonly yes?: boolean };

const figuresText = (figures: LevelDifference["stored"]): string =>
  figures === null
    ? "no level"
    : `${figures.onHand} on hand, ${figures.reserved} reserved, ${figures.incoming} incoming, version ${figures.version}`;

const differenceText = ({ sku, locationId, stored, journal }: LevelDifference): string =>
  `${sku} at ${locationId}: stored ${figuresText(stored)}; the journal says ${figuresText(journal)}`;

const rebuild = (options: RebuildOptions): Promise<void> =>
  withRuntime(options, async ({ db, jobDeps, queues }) => {
    const { levels, differences } = await compareLevels(db);
    const lines = differences.map(differenceText);
    if (differences.length === 0)
      return say(options, { levels, differences, mended: [] }, `${levels} levels, all equal to the journal`);
    if (options.dryRun === true || options.yes !== true) {
      const advice = options.dryRun === true ? "nothing was changed" : "nothing was changed; --yes mends them";
      const text = [...lines, `${differences.length} of ${levels} levels differ; ${advice}`].join("\n");
      throw new ExitError(1, text, { levels, differences, mended: [] });
    }
    await writeAudit(db, {
      at: toIso(jobDeps.clock.now()),
      actor: `cli:${userInfo().username}`,
      action: "ledger.rebuild",
      subject: `${differences.length} levels`,
      detail: { differences: differences.slice(0, 1_000) },
    });
    const mended = await mendLevels(db, differences);
    queues.wake("publish-events", {});
    const failed = mended.filter(({ failure }) => failure !== null);
    const text = [
      ...lines,
      ...failed.map(({ sku, locationId, failure }) => `${sku} at ${locationId} cannot be mended: ${failure}`),
      `${mended.length - failed.length} of ${differences.length} levels mended`,
    ].join("\n");
    if (failed.length > 0) throw new ExitError(1, text, { levels, differences, mended });
    say(options, { levels, differences, mended }, text);
  });

/** Levels made anew from the journal. */
export const rebuildCommand = (program: Command): void => {
  const ledger = program.commands.find((command) => command.name() === "ledger") ?? program.command("ledger");
  ledger
    .command("rebuild")
    .description("add up the journal, compare every level with it, and mend what differs; may run beside the daemon")
    .option("--dry-run", "only compare; exit code 1 when something differs")
    .option("--yes", "mend what differs")
    .action((_options, command: Command) => rebuild(command.optsWithGlobals<RebuildOptions>()));
};
