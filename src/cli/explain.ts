import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { toIso } from "../core/clock.ts";
import { explain } from "../jobs/explain-sku.ts";
import { timelineOf } from "../jobs/timeline.ts";
import type { TimelineSubject } from "../jobs/timeline-entry.ts";
import { ExitError, type GlobalOptions, say, withRuntime } from "./context.ts";
import { wholeNumber } from "./submit.ts";

const Time = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/** A date is its first moment in UTC. */
const time = (text: string): string => {
  if (!Time.safeParse(text).success)
    throw new InvalidArgumentError("must be a time in ISO 8601, as 2026-11-27T12:04:00Z");
  return toIso(Date.parse(text));
};

type ExplainOptions = GlobalOptions & { readonly listing?: string; readonly account?: string; readonly at?: string };

const explainCommand = (program: Command): void => {
  program
    .command("explain")
    .description("why listings show what they show; the terms give the number again")
    .argument("[sku]", "all listings that sell it; not needed with --listing")
    .option("--listing <ref>", "this listing alone, by ref or alias; needs --account")
    .option("--account <id>", "listings of this account alone")
    .option("--at <time>", "what was shown then, and why", time)
    .action((sku: string | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<ExplainOptions>();
      const { listing = null, account = null, at = null } = options;
      if (listing === null ? sku === undefined : account === null)
        throw new ExitError(1, "name a SKU, or --account and --listing");
      return withRuntime(options, async ({ jobDeps }) => {
        const answer = await explain(jobDeps, { sku: sku ?? null, accountId: account, listing, at });
        if (answer === undefined) throw new ExitError(1, "neither the ledger nor a listing knows it");
        const stock = answer.levels.map(
          ({ locationId, onHand, reserved, incoming, available }) =>
            `${locationId}: ${onHand} on hand − ${reserved} reserved = ${available} available, ${incoming} incoming`,
        );
        const text = [...stock, ...answer.listings.map(({ sentence }) => sentence)];
        say(options, answer, text.join("\n") || "no listing sells it");
      });
    });
};

type TimelineOptions = GlobalOptions & { readonly account?: string; readonly before?: string; readonly limit: number };

const subjectOf = (of: string, name: string, account: string | undefined): TimelineSubject => {
  if (of === "sku") return { of, sku: name };
  if (of === "order") return { of, orderRef: name, accountId: account ?? null };
  if (of !== "listing") throw new ExitError(1, `say sku, order or listing, not "${of}"`);
  if (account === undefined) throw new ExitError(1, "a listing needs --account");
  return { of, accountId: account, listing: name };
};

const timelineCommand = (program: Command): void => {
  program
    .command("timeline")
    .description("all that happened to a SKU, an order or a listing, newest first")
    .argument("<of>", "sku, order or listing")
    .argument("<name>", "the SKU, the order's number on its channel, or the listing's ref or alias")
    .option("--account <id>", "whose listing; whose order, if two channels use the same number")
    .option("--before <time>", "what happened before then", time)
    .option("--limit <entries>", "so many", wholeNumber, 100)
    .action((of: string, name: string, _options, command: Command) => {
      const options = command.optsWithGlobals<TimelineOptions>();
      const subject = subjectOf(of, name, options.account);
      if (options.limit < 1 || options.limit > 1_000) throw new ExitError(1, "--limit must be from 1 to 1000");
      return withRuntime(options, async ({ jobDeps }) => {
        const found = await timelineOf(jobDeps, subject, { before: options.before ?? null, rowsMax: options.limit });
        if (found === undefined) throw new ExitError(1, `nothing is known of ${of} ${JSON.stringify(name)}`);
        const text = found.entries.map(({ at, kind, text: what }) => `${at}  ${kind.padEnd(11)}  ${what}`);
        if (found.next !== null) text.push(`more: --before ${found.next}`);
        say(options, found, text.join("\n") || "nothing happened");
      });
    });
};

/** Support's two questions: why is it so, and what happened. */
export const explainCommands = (program: Command): void => {
  explainCommand(program);
  timelineCommand(program);
};
