import { userInfo } from "node:os";
import type { Command } from "commander";
import { z } from "zod";
import { writeAudit } from "../access/audit.ts";
import { toIso } from "../core/clock.ts";
import { type DriftVerb, findDrift, previewDrift, settleDrift } from "../jobs/settle-drift.ts";
import { driftCauses } from "../sync/drift-cause.ts";
import { type DriftRow, driftStates, driftsPage } from "../sync/read-drifts.ts";
import { ExitError, type GlobalOptions, say, withRuntime } from "./context.ts";
import { checked, wholeNumber } from "./submit.ts";

const Rows = z.int().min(1, "must be at least 1").max(10_000, "must be at most 10000");

const driftText = (row: DriftRow): string =>
  [
    row.id,
    row.accountId,
    row.channelSku ?? row.ref,
    `expected ${row.expectedUnits}, showed ${row.observedUnits}, shows ${row.shownUnits ?? "?"}`,
    row.cause ?? "not judged",
    row.state,
    row.observedAt,
    ...(row.reason === null ? [] : [row.reason]),
  ].join("  ");

/** Differences between channels and what they should show: look, and decide about those that wait. */
export const driftCommands = (program: Command): void => {
  const drift = program.command("drift").description("listings that showed another number than they should");
  drift
    .command("list")
    .description("newest first; those that wait or are under way when no state is named")
    .option("--account <id>", "only of this account")
    .option("--state <state>", driftStates.join(", "))
    .option("--cause <cause>", driftCauses.join(", "))
    .option("--limit <rows>", "at most so many", wholeNumber, 100)
    .action((_options, command: Command) => {
      const options = command.optsWithGlobals<
        GlobalOptions & { account?: string; state?: string; cause?: string; limit: number }
      >();
      const { state, cause } = options;
      const page = {
        id: null,
        accountId: options.account ?? null,
        states:
          state === undefined
            ? (["suspected", "open", "healing"] as const)
            : [checked(z.enum(driftStates, `must be one of ${driftStates.join(", ")}`), "--state", state)],
        cause:
          cause === undefined
            ? null
            : checked(z.enum(driftCauses, `must be one of ${driftCauses.join(", ")}`), "--cause", cause),
        beforeId: null,
        rowsMax: checked(Rows, "--limit", options.limit),
      };
      return withRuntime(options, async ({ db }) => {
        const drifts = await driftsPage(db, page);
        say(options, { drifts }, drifts.map(driftText).join("\n") || "no listing drifts");
      });
    });
  drift
    .command("show")
    .description("one drift with the evidence of its cause")
    .argument("<id>", "", wholeNumber)
    .action((id: number, _options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db }) => {
        const found = await findDrift({ db }, id);
        if (found === undefined) throw new ExitError(1, `there is no drift ${id}`);
        const evidence = JSON.stringify(found.evidence, undefined, 2);
        say(command.optsWithGlobals(), { drift: found }, `${driftText(found)}\n${evidence}`);
      }),
    );
  decision(drift, "heal", "let the listing owe a push: it will show what the ledger says");
  decision(drift, "accept", "the channel is right: adjust the ledger to what it shows");
  decision(drift, "dismiss", "leave it as it is");
};

const decision = (drift: Command, verb: DriftVerb, about: string): void => {
  drift
    .command(verb)
    .description(`${about}; without --yes only says what would be done`)
    .argument("<id>", "", wholeNumber)
    .requiredOption("--reason <text>", "why")
    .option("--yes", "do it")
    .action((id: number, _options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db, jobDeps }) => {
        const options = command.optsWithGlobals<GlobalOptions & { reason: string; yes?: boolean }>();
        const found = await findDrift({ db }, id);
        if (found === undefined) throw new ExitError(1, `there is no drift ${id}`);
        const actor = `cli:${userInfo().username}`;
        const decided = { verb, reason: options.reason, actor };
        const preview = await previewDrift(jobDeps, found, decided);
        if ("refused" in preview)
          throw new ExitError(1, `not done: ${preview.refused}`, { id, done: false, ...preview });
        if (options.yes !== true) {
          return say(
            options,
            { id, done: false, ...preview },
            `${preview.would}. Nothing changed; add --yes to do it.`,
          );
        }
        const at = toIso(jobDeps.clock.now());
        await writeAudit(db, {
          at,
          actor,
          action: `drift.${verb}`,
          subject: String(id),
          detail: { reason: options.reason },
        });
        const refused = await settleDrift(jobDeps, found, decided);
        if (refused !== undefined) throw new ExitError(1, `not done: ${refused}`, { id, done: false, refused });
        return say(options, { id, done: true, did: preview.would }, preview.would);
      }),
    );
};
