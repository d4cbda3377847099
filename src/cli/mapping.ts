import type { Command } from "commander";
import { z } from "zod";
import { Sku } from "../core/ids.ts";
import { importListings, listingsStream } from "../jobs/import-listings.ts";
import { mapListing } from "../jobs/link-listings.ts";
import { knownSkus } from "../ledger/queries.ts";
import { unmappedListings } from "../mapping/links.ts";
import { listingIdByName } from "../mapping/listings.ts";
import { readCursor } from "../sync/cursors.ts";
import { replayDeliveries, stuckDeliveries } from "../sync/inbox.ts";
import { blockedTargets, retryBlocked } from "../sync/targets.ts";
import { ExitError, type GlobalOptions, say, untilSignalled, withRuntime } from "./context.ts";

const Component = z
  .string()
  .transform((text) => /^(.+?)(?:\*(\d{1,6}))?$/s.exec(text))
  .transform((match) => ({ sku: Sku.parse(match?.[1]), units: Number(match?.[2] ?? "1") }));

/** What listings sell, and what waits because nobody said so. */
export const mappingCommands = (program: Command): void => {
  program
    .command("import")
    .description("read all listings of an account now; read-only towards the channel")
    .argument("<account>")
    .action((accountId: string, _options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ jobDeps, connectorFor, db }) => {
        if (connectorFor(accountId) === undefined)
          throw new ExitError(1, `there is no account "${accountId}" in the settings`);
        const signal = untilSignalled();
        await importListings.run({ payload: { accountId }, signal, drain: signal, progress: () => undefined }, jobDeps);
        const unmapped = (await unmappedListings(db, 10_000)).filter((listing) => listing.accountId === accountId);
        const { watermark } = await readCursor(db, accountId, listingsStream);
        say(
          command.optsWithGlobals(),
          { account: accountId, importedAt: watermark, unmapped: unmapped.length },
          `imported; ${unmapped.length} listings are not linked to a SKU (lockstep unmapped)`,
        );
      }),
    );
  program
    .command("unmapped")
    .description("listings that are not linked to a SKU")
    .action((_options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db }) => {
        const listings = await unmappedListings(db, 10_000);
        const text = listings.map(
          (row) => `${row.accountId}  ${row.ref}  ${row.channelSku ?? "(no SKU)"}  ${row.title ?? ""}`,
        );
        say(command.optsWithGlobals(), { listings }, text.join("\n") || "every listing is linked");
      }),
    );
  program
    .command("map")
    .description("say what a listing sells; what waited for it is taken up at once")
    .argument("<account>")
    .argument("<listing>", "the listing's ref, as `lockstep unmapped` shows it, or an alias of it")
    .argument("<component...>", "SKU, or SKU*units for a multipack; several for a kit")
    .action((accountId: string, name: string, components: string[], _options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ jobDeps, db }) => {
        const parsed = components.map((text) => Component.parse(text));
        const known = await knownSkus(
          db,
          parsed.map((component) => component.sku),
        );
        const unknown = parsed.filter((component) => !known.has(component.sku)).map((component) => component.sku);
        if (unknown.length > 0)
          throw new ExitError(1, `the ledger does not know ${unknown.join(", ")}; receive units first`);
        const listingId = await listingIdByName(db, accountId, name);
        if (listingId === undefined)
          throw new ExitError(1, `account "${accountId}" has no listing "${name}"; see lockstep unmapped`);
        const { reopened } = await mapListing(jobDeps, { accountId, listingId, components: parsed, actor: "cli" });
        say(
          command.optsWithGlobals(),
          { account: accountId, listing: name, components: parsed, reopened },
          `linked; ${reopened} waiting deliveries taken up`,
        );
      }),
    );
  program
    .command("dead-letters")
    .description("deliveries that a person must look at: dead letters and unmapped orders")
    .option("--limit <rows>", "at most so many", "100")
    .action((_options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db }) => {
        const { limit } = command.optsWithGlobals<{ limit: string }>();
        const rows = await stuckDeliveries(db, Number(limit));
        const text = rows.map(
          (row) => `${row.id}  ${row.accountId}  ${row.state}  ${row.topic}  ${row.receivedAt}  ${row.reason ?? ""}`,
        );
        say(command.optsWithGlobals(), { deliveries: rows }, text.join("\n") || "nothing waits");
      }),
    );
  program
    .command("replay")
    .description("take up dead letters and unmapped deliveries again")
    .argument("[ids...]", "delivery ids; none = all")
    .option("--account <id>", "only of this account")
    .option("--dry-run", "only say how many there are")
    .action((ids: string[], _options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db, jobDeps }) => {
        const options = command.optsWithGlobals<GlobalOptions & { account?: string; dryRun?: boolean }>();
        const stuck = (await stuckDeliveries(db, 100_000)).filter(
          (row) =>
            (options.account === undefined || row.accountId === options.account) &&
            (ids.length === 0 || ids.includes(String(row.id))),
        );
        if (options.dryRun === true)
          return say(
            options,
            { deliveries: stuck.length, done: false },
            `${stuck.length} deliveries would be replayed`,
          );
        const count = await replayDeliveries(db, {
          accountId: options.account ?? null,
          ids: ids.length === 0 ? null : ids.map(Number),
        });
        for (const accountId of new Set(stuck.map((row) => row.accountId))) jobDeps.wake("ingest", { accountId });
        return say(options, { deliveries: count, done: true }, `${count} deliveries are taken up again`);
      }),
    );
  program
    .command("blocked")
    .description("listings that the channel refuses to change, with the reason")
    .option("--retry", "plan them anew")
    .option("--account <id>", "with --retry: only of this account")
    .action((_options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db, jobDeps }) => {
        const options = command.optsWithGlobals<GlobalOptions & { account?: string; retry?: boolean }>();
        const rows = (await blockedTargets(db, 10_000)).filter(
          (row) => options.account === undefined || row.accountId === options.account,
        );
        if (options.retry === true) {
          const retried = await retryBlocked(db, options.account ?? null);
          for (const accountId of new Set(rows.map((row) => row.accountId)))
            jobDeps.wake("push-account", { accountId });
          return say(options, { retried }, `${retried} listings are planned anew`);
        }
        const text = rows.map((row) => `${row.accountId}  ${row.ref}  ${row.reason}`);
        return say(options, { listings: rows }, text.join("\n") || "no listing is blocked");
      }),
    );
};
