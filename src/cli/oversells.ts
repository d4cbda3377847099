import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { toIso } from "../core/clock.ts";
import { Sku } from "../core/ids.ts";
import { type ExplainedOversell, listOversells, oversellPostMortem, type PostMortem } from "../jobs/oversells.ts";
import { ExitError, type GlobalOptions, say, withRuntime } from "./context.ts";
import { checked, wholeNumber } from "./submit.ts";

const Rows = z.int().min(1, "must be at least 1").max(1_000, "must be at most 1000");
const Time = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/** A date is its first moment in UTC. */
const time = (text: string): string => {
  if (!Time.safeParse(text).success)
    throw new InvalidArgumentError("must be a time in ISO 8601, as 2026-11-27T12:04:00Z");
  return toIso(Date.parse(text));
};

const oversellText = ({
  id,
  recordedAt,
  sku,
  locationId,
  unitsShort,
  cause,
  what,
  sentence,
}: ExplainedOversell): string =>
  `${id}  ${recordedAt}  ${sku} at ${locationId}  ${unitsShort} short  ${cause} (${what})  ${sentence}`;

const postMortemText = (found: PostMortem): string => {
  const { offer } = found.evidence ?? { offer: null };
  const shown =
    offer === null
      ? []
      : [
          `the number it was sold under: ${offer.units} on ${offer.ref ?? "the ledger itself"}, made ${toIso(offer.madeAtMs)} when ${offer.availableUnits} were available`,
        ];
  const shares = found.blames.map(({ units, cause, what, movementId }) => {
    const by = movementId === null ? "" : `, movement ${movementId}`;
    return `  ${units} of ${found.unitsShort}: ${cause} (${what}${by})`;
  });
  return [
    `oversell ${found.id}: ${found.unitsShort} of ${found.sku} at ${found.locationId}, recorded ${found.recordedAt}`,
    `cause: ${found.cause} (${found.what}): ${found.sentence}`,
    `setting: ${found.advice}`,
    ...shown,
    ...shares,
    "timeline:",
    ...found.timeline.map(({ at, kind, text }) => `  ${at}  ${kind.padEnd(11)}  ${text}`),
  ].join("\n");
};

type ListOptions = GlobalOptions & { readonly sku?: string; readonly since?: string; readonly limit: number };

/** Units that were sold and not there: which, why, and what would have avoided it. */
export const oversellCommands = (program: Command): void => {
  program
    .command("oversells")
    .description("units sold that were not there, with their causes, newest first; with an id, the post-mortem of one")
    .argument("[id]", "what happened, why, and the setting that would have avoided it", wholeNumber)
    .option("--sku <sku>", "only of this SKU")
    .option("--since <time>", "only what was recorded from then on", time)
    .option("--limit <rows>", "at most so many", wholeNumber, 50)
    .action((id: number | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>();
      const page = {
        id: null,
        sku: options.sku === undefined ? null : checked(Sku, "--sku", options.sku),
        since: options.since ?? null,
        beforeId: null,
        rowsMax: checked(Rows, "--limit", options.limit),
      };
      return withRuntime(options, async ({ jobDeps }) => {
        if (id === undefined) {
          const oversells = await listOversells(jobDeps, page);
          return say(options, { oversells }, oversells.map(oversellText).join("\n") || "nothing was oversold");
        }
        const found = await oversellPostMortem(jobDeps, id);
        if (found === undefined) throw new ExitError(1, `there is no oversell ${id}; see lockstep oversells`);
        return say(options, { oversell: found }, postMortemText(found));
      });
    });
};
