import type { Command } from "commander";
import { accountPlan } from "../compose/plans.ts";
import type { Settings } from "../config/settings.ts";
import type { AccountPlan } from "../jobs/deps.ts";
import { diffPolicies, type PolicyDiff } from "../jobs/policy-diff.ts";
import { type AllocationPolicy, policyVersion } from "../mapping/policy.ts";
import { type AccountBook, booksInForce, policyVersions } from "../mapping/policy-versions.ts";
import { ExitError, type GlobalOptions, say, settingsOf, withRuntime } from "./context.ts";
import { wholeNumber } from "./submit.ts";

const plansOf = (settings: Settings): readonly AccountPlan[] =>
  settings.accounts.map((account) => accountPlan(account, settings.guards, 0));

const bookOf = ({ policy, overrides = [], locationId, locationIds = [locationId] }: AccountPlan): AccountBook => ({
  policy,
  overrides,
  locationIds,
});

const policyText = (policy: AllocationPolicy): string => {
  const { sharePercent, bufferUnits, capUnits, floorUnits, counts, lastUnits, tiers = [] } = policy;
  const figures = counts?.map(
    ({ figure, locationId, sign }) =>
      `${sign < 0 ? "-" : ""}${figure}${locationId === undefined ? "" : `@${locationId}`}`,
  );
  return [
    policyVersion(policy),
    `share ${sharePercent} %, buffer ${bufferUnits}, cap ${capUnits ?? "none"}, floor ${floorUnits}`,
    ...(figures === undefined ? [] : [`counts ${figures.join(" + ")}`]),
    ...(lastUnits === undefined ? [] : [`last ${lastUnits.atMostUnits} only on ${lastUnits.accounts.join(", ")}`]),
    ...tiers.map((tier) => `up to ${tier.upToUnits}: ${JSON.stringify({ ...tier, upToUnits: undefined })}`),
  ].join("; ");
};

const bookText = (accountId: string, book: AccountBook, since: string): readonly string[] => [
  `${accountId} (${since}), locations ${book.locationIds.join(", ")}: ${policyText(book.policy)}`,
  ...(book.overrides ?? []).map(
    ({ skus, listings, policy }) =>
      `  ${[...skus.map((sku) => `SKU ${sku}`), ...listings.map((ref) => `listing ${ref}`)].join(", ")}: ${policyText(policy)}`,
  ),
];

const show = (options: GlobalOptions): Promise<void> =>
  withRuntime(options, async ({ db }, settings) => {
    const inForce = await booksInForce(db);
    const accounts = plansOf(settings).map((plan) => {
      const book = inForce.get(plan.accountId);
      return { account: plan.accountId, since: book?.since ?? null, ...(book ?? bookOf(plan)) };
    });
    const versions = await policyVersions(db);
    const text = accounts.flatMap(({ account, since, ...book }) =>
      bookText(account, book, since === null ? "in the settings; no worker has begun with it" : `since ${since}`),
    );
    say(options, { accounts, versions }, text.join("\n") || "there are no accounts");
  });

const diffText = ({ accountId, listings, zeroed, lowered, raised, changes, guard }: PolicyDiff): readonly string[] => [
  `${accountId}: of ${listings} listings ${zeroed} would go to 0, ${lowered} lower, ${raised} higher`,
  ...changes.map(
    ({ ref, skus, shownUnits, fromUnits, toUnits }) =>
      `  ${ref} (${skus.join(", ")}): ${fromUnits} → ${toUnits}, shows ${shownUnits ?? "nothing we saw"}`,
  ),
  ...(guard === null ? [] : [`  the account would be paused: ${guard}`]),
];

const diff = (options: GlobalOptions & { readonly limit: number }, to: GlobalOptions): Promise<void> => {
  const wanted = settingsOf(to);
  return withRuntime(options, async ({ db }, settings) => {
    const inForce = await booksInForce(db);
    const known = new Map(plansOf(settings).map((plan) => [plan.accountId, plan]));
    const diffs: PolicyDiff[] = [];
    const added: string[] = [];
    for (const plan of plansOf(wanted)) {
      const { accountId, locationId, guards } = plan;
      const now = known.get(accountId);
      const from = inForce.get(accountId) ?? (now && bookOf(now));
      if (from === undefined) {
        added.push(accountId);
        continue;
      }
      const account = { accountId, from: { ...from, locationId }, to: { ...bookOf(plan), locationId }, guards };
      diffs.push(await diffPolicies(db, account, options.limit));
    }
    const text = [...diffs.flatMap(diffText), ...added.map((id) => `${id}: not known yet, nothing to compare`)];
    say(options, { accounts: diffs, unknown: added }, text.join("\n") || "there are no accounts");
  });
};

/** What decides how much a listing shows. */
export const policyCommands = (program: Command): void => {
  const policy = program.command("policy").description("how much of the stock listings may show");
  policy
    .command("show")
    .description("the policies in force, and every version there ever was (--json)")
    .action((_options, command: Command) => show(command.optsWithGlobals()));
  policy
    .command("diff")
    .description("which quantities would change now; changes nothing")
    .option("--config <file>", "settings to compare with what is in force; default: the settings file as it is now")
    .option("--limit <rows>", "at most so many listings an account, largest change first", wholeNumber, 50)
    .action((_options, command: Command) => {
      const own = command.opts<{ config?: string; limit: number }>();
      const global = program.opts<GlobalOptions>();
      if (own.limit < 0) throw new ExitError(1, "--limit must not be negative");
      return diff({ ...global, limit: own.limit }, own.config === undefined ? global : { config: own.config });
    });
};
