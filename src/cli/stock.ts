import type { Command } from "commander";
import { z } from "zod";
import { LocationId, PositiveUnits, SignedUnits, Sku, Units, unitsMax } from "../core/ids.ts";
import { levelsOf } from "../ledger/queries.ts";
import { ExitError, type GlobalOptions, say, withRuntime } from "./context.ts";
import { checked, keyOption, submitWish, type WriteOptions, wholeNumber } from "./submit.ts";

type StockOptions = WriteOptions & {
  readonly location: string;
  readonly fromIncoming?: boolean;
  readonly restock?: boolean;
};

const showStock = (program: Command): void => {
  program
    .command("stock")
    .description("show on hand, reserved, incoming and available of SKUs")
    .argument("<sku...>", "SKUs, exactly as they are written")
    .action((skus: string[], _options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db }) => {
        const options = command.optsWithGlobals<GlobalOptions>();
        const levels = await levelsOf(db, skus);
        const known = new Set(levels.map((level) => level.sku));
        const unknown = skus.filter((sku) => !known.has(sku));
        const lines = levels.map(
          (level) =>
            `${level.sku} at ${level.locationId}: ${level.onHand} on hand, ${level.reserved} reserved, ${level.incoming} incoming, ${level.available} available`,
        );
        say(options, { levels, unknown }, [...lines, ...unknown.map((sku) => `${sku}: not in the ledger`)].join("\n"));
        if (unknown.length > 0) throw new ExitError(1, "");
      }),
    );
};

const movements = [
  { kind: "receive", about: "book units that came in", units: "units, at least 1", schema: PositiveUnits },
  {
    kind: "adjust",
    about: "correct on hand by a signed number of units (+3 found, -2 broken)",
    units: "signed units, not 0",
    schema: SignedUnits,
  },
  { kind: "count", about: "set on hand to what was counted", units: "units, 0 or more", schema: Units },
  {
    kind: "expect",
    about: "change what is on order (+10 ordered, -4 will not come)",
    units: "signed units, not 0",
    schema: SignedUnits,
  },
  { kind: "return", about: "book units that a buyer sent back", units: "units, at least 1", schema: PositiveUnits },
] as const;
type Movement = (typeof movements)[number];

const move = async ({ kind, schema }: Movement, options: StockOptions, sku: string, count: number): Promise<void> => {
  const at = {
    sku: checked(Sku, "sku", sku),
    locationId: checked(LocationId, "--location", options.location),
    units: checked(schema, "units", count),
  };
  const reason = options.reason ?? null;
  switch (kind) {
    case "adjust":
      return submitWish(options, { ...at, kind, reason: reason ?? "adjusted by hand" });
    case "receive":
      return submitWish(options, { ...at, kind, reason, ...(options.fromIncoming === true && { fromIncoming: true }) });
    case "return":
      return submitWish(options, { ...at, kind, reason, restock: options.restock === true });
    default:
      return submitWish(options, { ...at, kind, reason });
  }
};

const mayBeZero = z.int().min(-unitsMax).max(unitsMax);

const correctStock = (program: Command): void => {
  program
    .command("correct")
    .description("mend a mistake by a movement the other way")
    .argument("<sku>", "the SKU, exactly as it is written")
    .option("--on-hand <units>", "signed change of on hand", wholeNumber, 0)
    .option("--incoming <units>", "signed change of incoming", wholeNumber, 0)
    .option("--corrects <movement>", "the id of the movement that was wrong", wholeNumber)
    .option("--location <id>", "where", "main")
    .requiredOption("--reason <text>", "why")
    .option(...keyOption)
    .action((sku: string, _options, command: Command) => {
      const options = command.optsWithGlobals<
        StockOptions & { reason: string; onHand: number; incoming: number; corrects?: number }
      >();
      const onHandUnits = checked(mayBeZero, "--on-hand", options.onHand);
      const incomingUnits = checked(mayBeZero, "--incoming", options.incoming);
      if (onHandUnits === 0 && incomingUnits === 0) throw new ExitError(1, "say --on-hand or --incoming, not 0");
      return submitWish(options, {
        kind: "correct",
        sku: checked(Sku, "sku", sku),
        locationId: checked(LocationId, "--location", options.location),
        onHandUnits,
        incomingUnits,
        reason: options.reason,
        corrects: options.corrects ?? null,
      });
    });
};

/** Stock by hand: look, receive, adjust, count, expect, return, correct. */
export const stockCommands = (program: Command): void => {
  showStock(program);
  for (const movement of movements) {
    const command = program
      .command(movement.kind)
      .description(movement.about)
      .argument("<sku>", "the SKU, exactly as it is written")
      .argument("<units>", movement.units, wholeNumber)
      .option("--location <id>", "where", "main")
      .option("--reason <text>", "why")
      .option(...keyOption)
      // A negative number looks like an option.
      .allowUnknownOption(movement.schema === SignedUnits)
      .action((sku: string, units: number, _options, self: Command) =>
        move(movement, self.optsWithGlobals<StockOptions>(), sku, units),
      );
    if (movement.kind === "receive") command.option("--from-incoming", "they were expected, and no longer are");
    if (movement.kind === "return") command.option("--restock", "back on the shelf; otherwise nothing moves");
  }
  correctStock(program);
};
