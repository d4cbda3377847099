import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { owedTargets } from "../sync/targets.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";
import { wantedUnits } from "./wanted.ts";

const owedMax = 10_000;
/** Every listing of a document is read first, and while that lasts no lowering of the account goes out: 20 s on Amazon. */
const bulkRowsMax = 2_000;

/**
 * How many owed listings to plan at once, when so many raises are owed that the channel would take them as a document;
 * undefined: as many as usual.
 */
export const bulkRows = async (deps: JobDeps, connector: Connector, plan: AccountPlan): Promise<number | undefined> => {
  if (connector.bulk === undefined) return undefined;
  const owed = await owedTargets(deps.db, plan.accountId, owedMax, toIso(deps.clock.now()));
  if (owed.length <= connector.limits.readBatchMax) return undefined;
  const wanted = await wantedUnits(
    deps.db,
    owed.map(({ listingId }) => listingId),
    plan,
  );
  const raises = owed.filter(
    ({ listingId, shownUnits }) => shownUnits !== null && (wanted.get(listingId)?.units ?? 0) > shownUnits,
  );
  const doors = connector.bulk.doors(
    raises.map(({ listingId }) => ({ ref: String(listingId), reason: "raise", urgent: false, inFlight: "nothing" })),
  );
  return [...doors.values()].includes("bulk") ? Math.min(owed.length, bulkRowsMax) : undefined;
};
