import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { autoLink, namesOf, setLinks } from "../mapping/links.ts";
import { reopenParked } from "../sync/inbox.ts";
import { ensureTargets } from "../sync/targets.ts";
import type { JobDeps } from "./deps.ts";

type LinkDeps = Pick<JobDeps, "db" | "clock" | "wake">;

/** Links by exact SKU; what waited for these listings is taken up again. Returns the number of listings linked. */
export const linkListings = async (deps: LinkDeps, accountId: string): Promise<number> => {
  const { linked, reopened } = await inTransaction(deps.db, async (tx) => {
    const now = toIso(deps.clock.now());
    const ids = await autoLink(tx, accountId, now);
    if (ids.length === 0) return { linked: 0, reopened: 0 };
    await ensureTargets(tx, ids, now);
    return { linked: ids.length, reopened: await reopenParked(tx, accountId, await namesOf(tx, ids)) };
  });
  if (linked > 0) deps.wake("push-account", { accountId });
  if (reopened > 0) deps.wake("ingest", { accountId });
  return linked;
};

/** A person says what a listing sells. */
export const mapListing = async (
  deps: LinkDeps,
  mapping: {
    readonly accountId: string;
    readonly listingId: number;
    readonly components: readonly { readonly sku: string; readonly units: number }[];
    readonly actor: string;
  },
): Promise<{ readonly reopened: number }> => {
  const reopened = await inTransaction(deps.db, async (tx) => {
    const now = toIso(deps.clock.now());
    await setLinks(tx, mapping.listingId, mapping.components, mapping.actor, now);
    await ensureTargets(tx, [mapping.listingId], now);
    return reopenParked(tx, mapping.accountId, await namesOf(tx, [mapping.listingId]));
  });
  deps.wake("push-account", { accountId: mapping.accountId });
  deps.wake("ingest", { accountId: mapping.accountId });
  return { reopened };
};
