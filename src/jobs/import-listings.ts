import { z } from "zod";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { upsertListings } from "../mapping/listings.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { noteTry, readCursor, saveCursor } from "../sync/cursors.ts";
import { recordReadings } from "../sync/targets.ts";
import type { JobDeps } from "./deps.ts";
import { linkListings } from "./link-listings.ts";

export const listingsStream = "listings";
const freshMs = 30_000;

/** Reads every listing of an account into ours and links what matches exactly. Read-only towards the channel. */
export const importListings = defineJob({
  name: "import-listings",
  payload: z.strictObject({ accountId: z.string() }),
  coalesceBy: ({ accountId }) => accountId,
  concurrency: 4,
  async run({ payload: { accountId }, signal, drain, progress }, deps: JobDeps): Promise<RunAgain | undefined> {
    const connector = deps.connectorFor(accountId);
    if (connector === undefined) return undefined;
    const startedMs = deps.clock.now();
    await noteTry(deps.db, accountId, listingsStream, toIso(startedMs));
    const before = await readCursor(deps.db, accountId, listingsStream);
    let { cursor } = before;
    const doneMs = before.watermark === null ? 0 : Date.parse(before.watermark);
    // Wake-ups that came while the last import ran ask for nothing new.
    if (cursor === null && startedMs - doneMs < freshMs) return undefined;
    let listings = 0;
    while (!drain.aborted) {
      const readAt = toIso(deps.clock.now());
      const page = await connector.importListings(cursor, { accountId, signal });
      await inTransaction(deps.db, async (tx) => {
        const ids = await upsertListings(tx, accountId, page.items, readAt);
        const readings = page.items.flatMap((item) => {
          const listingId = ids.get(item.ref);
          // No number told is no reading: what was seen before stays.
          return listingId === undefined || item.units === null ? [] : [{ listingId, units: item.units }];
        });
        await recordReadings(tx, readings, "import", readAt);
        // A finished import starts over next time; a cut-off one goes on where it was.
        const next = page.done ? null : page.next;
        await saveCursor(tx, {
          accountId,
          stream: listingsStream,
          cursor: next,
          watermark: page.done ? readAt : null,
          now: readAt,
        });
      });
      progress();
      listings += page.items.length;
      cursor = page.next;
      if (page.done) {
        const linked = await linkListings(deps, accountId);
        deps.log.info({ accountId, listings, linked }, "listings imported");
        return undefined;
      }
    }
    return { againAfterMs: 0 };
  },
});
