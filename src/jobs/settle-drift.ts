import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { decideDrift, oweAgain } from "../sync/drifts.ts";
import { type DriftRow, driftsPage } from "../sync/read-drifts.ts";
import { acceptance, acceptDrift } from "./accept-drift.ts";
import type { JobDeps } from "./deps.ts";

export type DriftVerb = "heal" | "accept" | "dismiss";

export const findDrift = async (deps: Pick<JobDeps, "db">, id: number): Promise<DriftRow | undefined> =>
  (await driftsPage(deps.db, { id, accountId: null, states: null, cause: null, beforeId: null, rowsMax: 1 }))[0];

type SettleDeps = Pick<JobDeps, "db" | "ledger" | "clock" | "planFor" | "wake">;
type Decision = { readonly verb: DriftVerb; readonly reason: string; readonly actor: string };

/** What a decision would do, in a sentence; or why it cannot be. Changes nothing. */
export const previewDrift = async (
  deps: SettleDeps,
  drift: DriftRow,
  { verb, reason, actor }: Decision,
): Promise<{ readonly would: string } | { readonly refused: string }> => {
  if (drift.state !== "open" && !(drift.state === "healing" && verb === "dismiss")) {
    return { refused: `drift ${drift.id} is ${drift.state}` };
  }
  if (verb === "dismiss") return { would: "nothing more is done about it; the next change of stock pushes as ever" };
  if (verb === "heal") return { would: "the listing owes a push; a raise waits for its orders, as ever" };
  const plan = deps.planFor(drift.accountId);
  if (plan === undefined) return { refused: `account "${drift.accountId}" is not in the settings` };
  const accepted = await acceptance(deps.db, plan, drift, { actor, reason, now: toIso(deps.clock.now()) });
  if ("refused" in accepted) return accepted;
  const { sku, locationId, units } = accepted.command;
  return { would: `${sku} at ${locationId} is adjusted by ${units > 0 ? "+" : ""}${units}` };
};

/** Carries out a person's decision. Undefined = done; else why not. */
export const settleDrift = async (
  deps: SettleDeps,
  drift: DriftRow,
  { verb, reason, actor }: Decision,
): Promise<string | undefined> => {
  const { id, accountId, listingId } = drift;
  const plan = deps.planFor(accountId);
  if (verb === "accept") {
    if (plan === undefined) return `account "${accountId}" is not in the settings`;
    // The adjustment first: repeated after a crash it is done once, under the drift's key.
    const refused = await acceptDrift(deps, plan, drift, { actor, reason });
    if (refused !== undefined) return refused;
  }
  const state = verb === "heal" ? "healing" : verb === "accept" ? "accepted" : "dismissed";
  const now = toIso(deps.clock.now());
  const decided = await inTransaction(deps.db, async (tx) => {
    if (!(await decideDrift(tx, { id, state, reason, by: actor, now }))) return false;
    if (verb === "heal") await oweAgain(tx, [listingId], now);
    return true;
  });
  if (!decided) return `drift ${id} is not open any more`;
  deps.wake(verb === "accept" ? "publish-events" : "push-account", verb === "accept" ? {} : { accountId });
  return undefined;
};
