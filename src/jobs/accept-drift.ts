import { toIso } from "../core/clock.ts";
import { LocationId, Sku } from "../core/ids.ts";
import type { Queryable } from "../db/sql.ts";
import type { Adjust } from "../ledger/commands.ts";
import { levelsOf } from "../ledger/queries.ts";
import { allocate } from "../mapping/allocate.ts";
import { linksOf } from "../mapping/links.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";

export type Acceptance = { readonly command: Adjust } | { readonly refused: string };

/** The adjustment after which the ledger says what the channel shows; its key and reason carry the drift's id. */
export const acceptance = async (
  on: Queryable,
  plan: AccountPlan,
  drift: { readonly id: number; readonly listingId: number; readonly shownUnits: number | null },
  by: { readonly actor: string; readonly now: string; readonly reason: string },
): Promise<Acceptance> => {
  const { shownUnits } = drift;
  if (shownUnits === null) return { refused: "the channel shows no quantity" };
  const links = await linksOf(on, [drift.listingId]);
  const [link] = links;
  if (link === undefined) return { refused: "the listing is not linked to a SKU" };
  // Which component of a kit was meant, nobody can tell.
  if (links.length > 1) return { refused: "the listing is a kit; adjust its SKUs by hand" };
  const level = (await levelsOf(on, [link.sku])).find(({ locationId }) => locationId === plan.locationId);
  const available = level?.available ?? 0;
  const showing = (availableUnits: number): number =>
    allocate([{ sku: link.sku, unitsEach: link.units, availableUnits }], plan.policy).units;
  const units = (shownUnits - showing(available)) * link.units;
  if (units === 0) return { refused: "the ledger says the same already" };
  if (showing(available + units) !== shownUnits) {
    return { refused: "under the account's policy no number of units shows just that; adjust the SKU by hand" };
  }
  return {
    command: {
      kind: "adjust",
      key: `drift:${drift.id}`,
      actor: by.actor,
      occurredAt: by.now,
      sku: Sku.parse(link.sku),
      locationId: LocationId.parse(plan.locationId),
      units,
      reason: `drift ${drift.id}: ${by.reason}`,
    },
  };
};

/** Adjusts the ledger to what the channel shows. Undefined = done; else why not. The same drift twice does it once. */
export const acceptDrift = async (
  deps: Pick<JobDeps, "db" | "ledger" | "clock">,
  plan: AccountPlan,
  drift: { readonly id: number; readonly listingId: number; readonly shownUnits: number | null },
  by: { readonly actor: string; readonly reason: string },
): Promise<string | undefined> => {
  const accepted = await acceptance(deps.db, plan, drift, { ...by, now: toIso(deps.clock.now()) });
  if ("refused" in accepted) return accepted.refused;
  const answer = await deps.ledger.submit<Adjust>(accepted.command);
  return answer.status === "refused" ? answer.detail : undefined;
};
