import type { QuantityReading } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { assertNever } from "../core/failure.ts";
import type { Allocation } from "../mapping/allocate.ts";
import type { ListingRow } from "../mapping/listings.ts";
import type { OpenRow } from "../sync/attempts.ts";
import { decidePush } from "../sync/decide-push.ts";
import type { Evidence } from "../sync/raise-evidence.ts";
import type { Deferral, OwedTarget, Settled } from "../sync/targets.ts";
import type { PlannedBatch, PlannedWrite } from "./planned.ts";
import type { Careful } from "./wanted.ts";

/** A freeze that ends marks its listings owed; until then one look an hour is enough. */
const frozenMs = 60 * 60_000;
const waitMs = { "orders-not-seen": 1_000, "open-attempt": 500, selling: 1_000 } as const;

export type Figures = {
  readonly listings: ReadonlyMap<number, ListingRow>;
  readonly readings: ReadonlyMap<number, QuantityReading>;
  readonly careful: ReadonlyMap<number, Careful>;
  readonly open: ReadonlyMap<number, readonly OpenRow[]>;
  /** How well the orders of the accounts are known that sell a SKU of the listing. */
  readonly evidence: ReadonlyMap<number, readonly Evidence[]>;
};

/** The terms of a number; where it stops at what the channel shows, that is one of them. */
const termsOf = (allocation: Allocation, units: number): Allocation["terms"] =>
  units < allocation.units ? [...allocation.terms, { term: "shown", shownUnits: units, units }] : allocation.terms;

/** What each owed listing needs, from the gathered figures. Pure. */
export const sortTargets = (owed: readonly OwedTarget[], figures: Figures, nowMs: number): PlannedBatch => {
  const writes: PlannedWrite[] = [];
  const settled: Settled[] = [];
  const rides: { attemptId: number; version: number }[] = [];
  const deferred: Deferral[] = [];
  const blocked: { listingId: number; reason: string }[] = [];
  const waitsForOrdersOf = new Set<string>();
  for (const { listingId, version, failures } of owed) {
    const unseen = (figures.evidence.get(listingId) ?? []).filter((one) => one.isUnseen);
    const listing = figures.listings.get(listingId);
    const careful = figures.careful.get(listingId);
    const reading = figures.readings.get(listingId);
    if (listing === undefined || careful === undefined) {
      blocked.push({ listingId, reason: "the listing is not linked to a SKU" });
      continue;
    }
    if (careful.wanted.frozenBy !== undefined) {
      deferred.push({ listingId, notBefore: toIso(nowMs + frozenMs), failed: false, ifVersion: version });
      continue;
    }
    const shownUnits = reading?.units ?? null;
    const wantedNow = careful.wanted.units;
    const decision = decidePush({
      wantedUnits: wantedNow,
      lowerToUnits: careful.lowerTo.units,
      raiseToUnits: careful.raiseTo.units,
      shownUnits,
      openAttempts: figures.open.get(listingId) ?? [],
      ordersSeen: unseen.length === 0,
    });
    switch (decision.action) {
      case "settled":
        settled.push({ listingId, version, units: wantedNow, terms: careful.wanted.terms });
        break;
      case "ride":
        rides.push({ attemptId: decision.attemptId, version });
        break;
      case "write": {
        const { ref, details } = listing;
        const { reason, units } = decision;
        const terms = termsOf(reason === "lower" ? careful.lowerTo : careful.raiseTo, units);
        const withheldUnits = wantedNow - units;
        writes.push({
          listingId,
          // What is withheld is still owed: this attempt does not settle the version it was computed for.
          version: withheldUnits === 0 ? version : version - 1,
          ref,
          details,
          units,
          withheldUnits,
          shownUnits,
          failures,
          reason,
          terms,
        });
        break;
      }
      case "wait":
        if (decision.reason === "orders-not-seen") {
          for (const { accountId } of unseen) waitsForOrdersOf.add(accountId);
        }
        deferred.push({ listingId, notBefore: toIso(nowMs + waitMs[decision.reason]), failed: false });
        break;
      case "unreadable":
        // Left out of the answer is not "unknown to the channel": that one is asked again.
        if (reading === undefined)
          deferred.push({ listingId, notBefore: toIso(nowMs + waitMs["orders-not-seen"]), failed: true });
        else blocked.push({ listingId, reason: reading.reason ?? "the channel shows no quantity for this listing" });
        break;
      default:
        assertNever(decision);
    }
  }
  return { looked: owed.length, writes, settled, rides, deferred, blocked, waitsForOrdersOf: [...waitsForOrdersOf] };
};
