import type { Command } from "commander";
import { z } from "zod";
import { pastInventory } from "../api/past-inventory.ts";
import type { PastInventoryOut } from "../api/past-schemas.ts";
import { LocationId } from "../core/ids.ts";
import { ExitError, type GlobalOptions, say, withRuntime } from "./context.ts";
import { checked } from "./submit.ts";

type AtOptions = GlobalOptions & { readonly time: string; readonly asKnown?: boolean; readonly location?: string };

const Time = z.iso.datetime({ offset: true, error: "must be a time in ISO 8601 with an offset, 2026-03-01T09:30:00Z" });

const textOf = ({ sku, levels, reservations, listings }: PastInventoryOut): readonly string[] => [
  ...(levels.length === 0 ? [`${sku}: nothing had moved yet`] : []),
  ...levels.map(({ location, onHand, reserved, incoming, available, outOfTime }) => {
    const late = outOfTime === 0 ? "" : ` (${outOfTime} movements that were recorded out of time)`;
    return `${sku} at ${location}: ${onHand} on hand, ${reserved} reserved, ${incoming} incoming, ${available} available${late}`;
  }),
  ...reservations.map(
    ({ reservation, location, units }) => `  reservation ${reservation} held ${units} at ${location}`,
  ),
  ...listings.map(({ account, ref, shown }) => {
    if (shown === null) return `  ${account} ${ref}: nobody had looked`;
    return `  ${account} ${ref}: showed ${shown.units ?? "no quantity"}, since ${shown.observedAt}`;
  }),
];

/** Stock at a past moment. */
export const pastCommands = (program: Command): void => {
  program
    .command("at")
    .description("show stock, open reservations and what the channels showed at a past moment")
    .argument("<sku...>", "SKUs, exactly as they are written")
    .requiredOption("--time <time>", "the moment, ISO 8601 with an offset: 2026-03-01T09:30:00Z")
    .option("--as-known", "what the ledger knew then; otherwise what had happened by then, whenever it became known")
    .option("--location <id>", "only this location")
    .action((skus: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<AtOptions>();
      const time = checked(Time, "--time", options.time);
      const location = options.location === undefined ? undefined : checked(LocationId, "--location", options.location);
      const asKnown = options.asKnown === true;
      return withRuntime(options, async ({ db }) => {
        const { inventory, unknown } = await pastInventory(db, [...new Set(skus)], { time, asKnown, location });
        const lines = [...inventory.flatMap(textOf), ...unknown.map((sku) => `${sku}: not in the ledger`)];
        say(options, { time, clock: asKnown ? "as-known" : "as-it-was", inventory, unknown }, lines.join("\n"));
        if (unknown.length > 0) throw new ExitError(1, "");
      });
    });
};
