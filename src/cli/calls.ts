import type { Command } from "commander";
import { z } from "zod";
import { systemClock, toIso } from "../core/clock.ts";
import { type KeptCall, readCalls } from "../sync/channel-calls.ts";
import { type GlobalOptions, say, withRuntime } from "./context.ts";
import { checked, wholeNumber } from "./submit.ts";

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30m`, `6h`, `2d`, or a time; as ISO. */
const Since = z.string().transform((text, context) => {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return toIso(systemClock.now() - Number(count) * unitMs[unit as keyof typeof unitMs]);
  const atMs = Date.parse(text);
  if (!Number.isNaN(atMs)) return toIso(atMs);
  context.addIssue("must be a time, or how long ago: 30m, 6h, 2d");
  return z.NEVER;
});
const Rows = z.int().min(1, "must be at least 1").max(10_000, "must be at most 10000");

const lineOf = (call: KeptCall): string =>
  [
    call.at,
    call.accountId,
    call.callClass,
    call.status ?? "no answer",
    `${call.durationMs} ms`,
    call.outcome === "ok" ? "" : [call.outcome, call.channelCode].filter(Boolean).join(" "),
    `${call.method} ${call.path}${call.operation === null ? "" : ` ${call.operation}`}`,
    call.names.slice(0, 3).join(" ") + (call.names.length > 3 ? ` and ${call.names.length - 3} more` : ""),
    call.requestId === null ? "" : `id ${call.requestId}`,
  ]
    .filter((part) => part !== "")
    .join("  ");

/** What was asked of the channels, and what they said. */
export const callCommands = (program: Command): void => {
  program
    .command("calls")
    .description("list requests to the channels, newest first; kept for 14 days, without tokens and buyers")
    .option("--account <id>", "only of this account")
    .option("--listing <ref>", "only those that name this listing: its ref, or its SKU on the channel")
    .option("--attempt <key>", "only those of this push attempt")
    .option("--since <when>", "a time, or how long ago: 30m, 6h, 2d", "1d")
    .option("--limit <rows>", "at most so many", wholeNumber, 100)
    .action((_options, command: Command) => {
      const options = command.optsWithGlobals<
        GlobalOptions & { account?: string; listing?: string; attempt?: string; since: string; limit: number }
      >();
      const asked = {
        accountId: options.account ?? null,
        listing: options.listing ?? null,
        attemptKey: options.attempt ?? null,
        since: checked(Since, "--since", options.since),
        rowsMax: checked(Rows, "--limit", options.limit),
      };
      return withRuntime(options, async ({ db }) => {
        const calls = await readCalls(db, asked);
        say(options, { calls }, calls.map(lineOf).join("\n") || "no calls");
      });
    });
};
