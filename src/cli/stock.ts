import { userInfo } from "node:os";
import { type Command, InvalidArgumentError } from "commander";
import { toIso } from "../core/clock.ts";
import { LocationId, PositiveUnits, SignedUnits, Sku } from "../core/ids.ts";
import type { LevelAnswer, RefusedAnswer } from "../ledger/answers.ts";
import type { Adjust, Receive } from "../ledger/commands.ts";
import { levelsOf } from "../ledger/queries.ts";
import { ExitError, type GlobalOptions, say, withRuntime } from "./context.ts";

const wholeNumber = (text: string): number => {
  if (!/^[+-]?\d{1,10}$/.test(text)) throw new InvalidArgumentError("must be a whole number of units");
  return Number(text);
};

const actor = (): string => `cli:${userInfo().username}`;

const tell = (options: GlobalOptions, answer: LevelAnswer | RefusedAnswer): void => {
  if (answer.status === "refused") {
    throw new ExitError(1, `refused: ${answer.detail} (${answer.field})`, answer);
  }
  const { level } = answer;
  say(
    options,
    answer,
    `${answer.sku} at ${answer.locationId}: ${level.onHand} on hand, ${level.reserved} reserved, ${level.available} available`,
  );
};

type StockOptions = GlobalOptions & { readonly location: string; readonly reason?: string; readonly key?: string };

const submit = (options: StockOptions, kind: "receive" | "adjust", skuText: string, units: number): Promise<void> =>
  withRuntime(options, async ({ ledger, jobDeps }) => {
    const checked = kind === "receive" ? PositiveUnits.safeParse(units) : SignedUnits.safeParse(units);
    if (!checked.success) throw new ExitError(1, `units: ${checked.error.issues[0]?.message ?? "not usable"}`);
    const base = {
      key: `cli:${options.key ?? jobDeps.ids()}`,
      sku: Sku.parse(skuText),
      locationId: LocationId.parse(options.location),
      units,
      actor: actor(),
      occurredAt: toIso(jobDeps.clock.now()),
    };
    const command: Adjust | Receive =
      kind === "receive"
        ? { ...base, kind, reason: options.reason ?? null }
        : { ...base, kind, reason: options.reason ?? "adjusted by hand" };
    tell(options, await ledger.submit(command));
  });

/** Stock by hand: look, receive, adjust. */
export const stockCommands = (program: Command): void => {
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
  const movements = [
    { kind: "receive", about: "book units that came in", units: "units, at least 1" },
    {
      kind: "adjust",
      about: "correct on hand by a signed number of units (+3 found, -2 broken)",
      units: "signed units, not 0",
    },
  ] as const;
  for (const { kind, about, units } of movements) {
    program
      .command(kind)
      .description(about)
      .argument("<sku>", "the SKU, exactly as it is written")
      .argument("<units>", units, wholeNumber)
      .option("--location <id>", "where", "main")
      .option("--reason <text>", "why")
      .option("--key <key>", "idempotency key: the same one twice moves stock once")
      .allowUnknownOption(kind === "adjust")
      .action((sku: string, count: number, _options, command: Command) =>
        submit(command.optsWithGlobals<StockOptions>(), kind, sku, count),
      );
  }
};
