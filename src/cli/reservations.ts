import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { z } from "zod";
import { ttlMsDefault } from "../api/reservation-schemas.ts";
import { LocationId, OwnId, PositiveUnits, Sku } from "../core/ids.ts";
import type { ReservationUnits } from "../ledger/commands.ts";
import { reservationsPage } from "../ledger/read-reservations.ts";
import { ExitError, type GlobalOptions, say, withRuntime } from "./context.ts";
import { checked, keyOption, reservationText, submitWish, type WriteOptions, wholeNumber } from "./submit.ts";

type LineOptions = WriteOptions & { readonly location: string };

const lineHelp = "SKU, or SKU*units for several";

const linesOf = (texts: readonly string[], options: LineOptions): readonly ReservationUnits[] =>
  texts.map((text) => {
    const [, sku, units = "1"] = /^(.+?)(?:\*(\d{1,10}))?$/s.exec(text) ?? [];
    return {
      sku: checked(Sku, "line", sku),
      locationId: checked(LocationId, "--location", options.location),
      units: checked(PositiveUnits, `units of ${text}`, Number(units)),
    };
  });

const reserveCommand = (program: Command): void => {
  program
    .command("reserve")
    .description("promise units to a checkout, all of them or none")
    .argument("<line...>", lineHelp)
    .option("--location <id>", "where", "main")
    .option("--id <id>", "your own name for the reservation; made up when left out")
    .option("--partial", "as much as there is of each line")
    .option("--ttl-seconds <seconds>", "until it expires; 15 minutes when left out", wholeNumber)
    .option("--no-end", "it never expires")
    .option("--reference <text>", "a note: an order or cart number, nothing about a person")
    .option(...keyOption)
    .action((texts: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<
        LineOptions & { id?: string; partial?: boolean; ttlSeconds?: number; end: boolean; reference?: string }
      >();
      const ttlMs = options.ttlSeconds === undefined ? ttlMsDefault : options.ttlSeconds * 1_000;
      return submitWish(options, {
        kind: "reserve",
        // With a key of the caller's, the repetition must name the same reservation.
        reservationId: checked(OwnId, "--id", options.id ?? `r-${options.key ?? randomUUID()}`),
        lines: linesOf(texts, options),
        mode: options.partial === true ? "partial" : "all",
        ttlMs: options.end ? ttlMs : null,
        reference: options.reference ?? null,
      });
    });
};

const endCommand = (program: Command, kind: "commit" | "release", about: string): void => {
  program
    .command(kind)
    .description(about)
    .argument("<id>", "the reservation")
    .argument("[line...]", `${lineHelp}; none = all that is open`)
    .option("--location <id>", "where", "main")
    .option(...keyOption)
    .action((id: string, texts: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<LineOptions>();
      const lines = texts.length === 0 ? null : linesOf(texts, options);
      return submitWish(options, { kind, reservationId: checked(OwnId, "id", id), lines });
    });
};

const State = z.enum(["held", "committed", "released", "expired"], "must be held, committed, released or expired");
const Rows = z.int().min(1, "must be at least 1").max(10_000, "must be at most 10000");

/** Timed promises of units: make, commit, release, extend, list. */
export const reservationCommands = (program: Command): void => {
  reserveCommand(program);
  endCommand(program, "commit", "the reserved units leave the shelf");
  endCommand(program, "release", "the reserved units are available again");
  program
    .command("extend")
    .description("let a reservation end later")
    .argument("<id>", "the reservation")
    .requiredOption("--ttl-seconds <seconds>", "from now", wholeNumber)
    .option(...keyOption)
    .action((id: string, _options, command: Command) => {
      const options = command.optsWithGlobals<WriteOptions & { ttlSeconds: number }>();
      const ttlMs = options.ttlSeconds * 1_000;
      return submitWish(options, { kind: "extend", reservationId: checked(OwnId, "id", id), ttlMs });
    });
  program
    .command("reservations")
    .description("list reservations by id")
    .argument("[id]", "only this one")
    .option("--state <state>", "held, committed, released or expired")
    .option("--sku <sku>", "with a line of this SKU")
    .option("--after <id>", "only ids after this one")
    .option("--limit <rows>", "at most so many", wholeNumber, 100)
    .action((id: string | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<
        GlobalOptions & { state?: string; sku?: string; after?: string; limit: number }
      >();
      const page = {
        id: id ?? null,
        state: options.state === undefined ? null : checked(State, "--state", options.state),
        sku: options.sku ?? null,
        afterId: options.after ?? null,
        rowsMax: checked(Rows, "--limit", options.limit),
      };
      return withRuntime(options, async ({ db }) => {
        const reservations = await reservationsPage(db, page);
        if (id !== undefined && reservations.length === 0) throw new ExitError(1, `there is no reservation "${id}"`);
        say(options, { reservations }, reservations.map(reservationText).join("\n") || "no reservations");
      });
    });
};
