import { tmpdir } from "node:os";
import { expectedCount, expectedLines } from "../sync/audit-expected.ts";
import { mergeDifferences } from "../sync/audit-merge.ts";
import { listingIdsOfRefs } from "../sync/audit-names.ts";
import { type SortedSpool, Spool } from "../sync/audit-spool.ts";
import { auditListings } from "./audit-readings.ts";
import type { JobDeps } from "./deps.ts";
import { type BulkDoor, bulkDoorOf, readAllListings } from "./read-everything.ts";

export type FullAuditReport = {
  readonly accountId: string;
  readonly door: BulkDoor;
  /** Listings that the channel told. */
  readonly told: number;
  /** Listings that we expect a number of. */
  readonly expected: number;
  /** Told with another number, not told at all, and told but none of our push targets. */
  readonly differing: number;
  readonly missing: number;
  readonly unknown: number;
  /** Read again, one by one, and still another number than it should be. */
  readonly drifts: number;
  /** Some of those that the channel did not tell. */
  readonly missingRefs: readonly string[];
};

export type FullAuditProgress = { readonly step: "reading" | "confirming"; readonly listings: number };

const tellEvery = 10_000;
const missingRefsMax = 20;
/** More are counted; the next full audit looks at what is left. */
const suspectsMax = 50_000;

/** What the channel tells, kept in files and sorted there. */
const spoolAll = async (
  deps: JobDeps,
  accountId: string,
  spool: Spool,
  signal: AbortSignal,
  tell: (progress: FullAuditProgress) => void,
): Promise<SortedSpool> => {
  const connector = deps.connectorFor(accountId);
  if (connector === undefined) throw new TypeError(`no connector for ${accountId}`);
  let listings = 0;
  for await (const { ref, units } of readAllListings(deps, connector, { accountId, signal })) {
    const full = spool.add(ref, units);
    if (full !== undefined) await full;
    listings += 1;
    if (listings % tellEvery === 0) tell({ step: "reading", listings });
  }
  tell({ step: "reading", listings });
  return spool.finish();
};

/**
 * A full audit of an account: everything through the channel's bulk door, compared with what we expect as two sorted
 * streams. A bulk answer is no point in time, so what differs is read again live before it counts. Read-only towards the
 * channel; memory does not grow with the number of listings. Errors: the connector's; what is missing after one that broke
 * off is not judged.
 */
export const auditFully = async (
  deps: JobDeps,
  accountId: string,
  signal: AbortSignal,
  tell: (progress: FullAuditProgress) => void = () => undefined,
): Promise<FullAuditReport | undefined> => {
  const connector = deps.connectorFor(accountId);
  const plan = deps.planFor(accountId);
  if (connector === undefined || plan === undefined) return undefined;
  const spool = await Spool.make(tmpdir());
  try {
    const sorted = await spoolAll(deps, accountId, spool, signal, tell);
    const counts = { differing: 0, missing: 0, unknown: 0, drifts: 0 };
    const missingRefs: string[] = [];
    const suspects: string[] = [];
    for await (const difference of mergeDifferences(expectedLines(deps.db, accountId), sorted.lines())) {
      if (difference.kind === "only-theirs") counts.unknown += 1;
      else if (difference.kind === "only-ours") {
        counts.missing += 1;
        if (missingRefs.length < missingRefsMax) missingRefs.push(difference.key);
      } else {
        counts.differing += 1;
        if (suspects.length < suspectsMax) suspects.push(difference.key);
      }
    }
    // Only now: calls take their time, and the stream holds a snapshot of the database open.
    for (let from = 0; from < suspects.length; from += connector.limits.readBatchMax) {
      const refs = suspects.slice(from, from + connector.limits.readBatchMax);
      const listingIds = await listingIdsOfRefs(deps.db, accountId, refs);
      counts.drifts += (await auditListings(deps, connector, plan, { listingIds, foundHow: "full", signal })).drifts;
      tell({ step: "confirming", listings: from + refs.length });
    }
    const { differing, missing, unknown, drifts } = counts;
    const expected = await expectedCount(deps.db, accountId);
    const door = bulkDoorOf(connector);
    return { accountId, door, told: sorted.rows, expected, differing, missing, unknown, drifts, missingRefs };
  } finally {
    await spool.dispose();
  }
};
