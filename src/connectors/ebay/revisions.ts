import { type Clock, toIso } from "../../core/clock.ts";

/** Quantity-only writes count as revisions too; after the 250th eBay locks the listing until the next day (§3). */
export const revisionsPerListingPerDay = 250;

const dayMs = 86_400_000;

/** The start of the next UTC day, epoch ms. */
export const nextUtcDayMs = (nowMs: number): number => (Math.floor(nowMs / dayMs) + 1) * dayMs;

export interface RevisionBook {
  /** Undefined: it may be written. Otherwise ISO: the listing is locked until then. */
  lockedUntil(listingKeys: readonly string[]): string | undefined;
  /** One write of each was sent. */
  count(listingKeys: readonly string[]): void;
  /** eBay said that the day's revisions are used up; ISO, until when. */
  lock(listingKeys: readonly string[]): string;
}

/**
 * How often each listing was written on this UTC day, as this process knows: a mirror, not the truth. eBay's own refusal
 * fills it where it was wrong (a restart, the seller's own edits). `listingKeys` are offer ids or item ids.
 */
export const createRevisionBook = (clock: Pick<Clock, "now">, limit = revisionsPerListingPerDay): RevisionBook => {
  let endsMs = 0;
  const used = new Map<string, number>();
  const today = (): Map<string, number> => {
    if (clock.now() >= endsMs) {
      used.clear();
      endsMs = nextUtcDayMs(clock.now());
    }
    return used;
  };
  return {
    lockedUntil: (keys) => {
      const counts = today();
      return keys.some((key) => (counts.get(key) ?? 0) >= limit) ? toIso(endsMs) : undefined;
    },
    count: (keys) => {
      const counts = today();
      for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    },
    lock: (keys) => {
      const counts = today();
      for (const key of keys) counts.set(key, limit);
      return toIso(endsMs);
    },
  };
};

/** eBay has no id of its own for a listing that was revised too often; its words are all there is. */
export const saysRevisedTooOften = (reason: string): boolean =>
  /revis\w*[^;]{0,60}\b(limit|maximum|exceed\w*|times today|per day)|\b(limit|maximum number|exceed\w*)[^;]{0,60}revis/i.test(
    reason,
  );
