import type { Command } from "commander";
import { LocationId, OwnId, PositiveUnits, Sku, Units } from "../core/ids.ts";
import { ExitError } from "./context.ts";
import { checked, keyOption, submitWish, type WriteOptions, wholeNumber } from "./submit.ts";

const named = (
  transfer: Command,
  verb: string,
  about: string,
): { readonly command: Command; of(id: string, sku: string): { transferId: string; sku: Sku } } => ({
  command: transfer
    .command(verb)
    .description(about)
    .argument("<id>", "your own name for the transfer")
    .argument("<sku>", "the SKU, exactly as it is written")
    .option("--reason <text>", "why")
    .option(...keyOption),
  of: (id, sku) => ({ transferId: checked(OwnId, "id", id), sku: checked(Sku, "sku", sku) }),
});

/** Units from one location to another. */
export const transferCommands = (program: Command): void => {
  const transfer = program.command("transfer").description("move units from one location to another");
  const send = named(transfer, "send", "take units off one shelf; they are incoming at the other");
  send.command
    .argument("<units>", "units, at least 1", wholeNumber)
    .requiredOption("--from <location>", "where they leave")
    .requiredOption("--to <location>", "where they will arrive")
    .action((id: string, sku: string, units: number, _options, command: Command) => {
      const options = command.optsWithGlobals<WriteOptions & { from: string; to: string }>();
      return submitWish(options, {
        kind: "transfer-send",
        ...send.of(id, sku),
        fromLocationId: checked(LocationId, "--from", options.from),
        toLocationId: checked(LocationId, "--to", options.to),
        units: checked(PositiveUnits, "units", units),
        reason: options.reason ?? null,
      });
    });
  const receive = named(transfer, "receive", "book what arrived, and what never will");
  receive.command
    .argument("<units>", "units that arrived, 0 or more", wholeNumber)
    .option("--lost <units>", "units that never will", wholeNumber, 0)
    .action((id: string, sku: string, count: number, _options, command: Command) => {
      const options = command.optsWithGlobals<WriteOptions & { lost: number }>();
      const units = checked(Units, "units", count);
      const lostUnits = checked(Units, "--lost", options.lost);
      if (units + lostUnits === 0)
        throw new ExitError(1, "units: say how many arrived, or with --lost how many never will");
      const reason = options.reason ?? null;
      return submitWish(options, { kind: "transfer-receive", ...receive.of(id, sku), units, lostUnits, reason });
    });
  const cancel = named(transfer, "cancel", "put what is still under way back on the sender's shelf");
  cancel.command.action((id: string, sku: string, _options, command: Command) => {
    const options = command.optsWithGlobals<WriteOptions>();
    return submitWish(options, { kind: "transfer-cancel", ...cancel.of(id, sku), reason: options.reason ?? null });
  });
};
