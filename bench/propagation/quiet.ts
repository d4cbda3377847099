import { z } from "zod";
import { systemClock as clock, toIso } from "../../src/core/clock.ts";
import type { Db } from "../../src/db/pool.ts";
import { queryOne, sql } from "../../src/db/sql.ts";
import { outboxWaiting } from "../../src/ledger/outbox.ts";
import { owedWork } from "../../src/sync/owed-work.ts";
import type { Daemon } from "./daemon.ts";

const looksMax = 3;

const linkedListings = async (db: Db): Promise<number> =>
  (await queryOne(db, z.object({ n: z.number() }), sql`select count(distinct listing_id) as n from listing_link`))?.n ??
  0;

const isQuiet = async (db: Db): Promise<boolean> => {
  const work = await owedWork(db, toIso(clock.now()));
  const rests = work.every((one) => one.openDeliveries === 0 && one.owedTargets === 0 && one.openAttempts === 0);
  return rests && (await outboxWaiting(db)) === 0;
};

const until = async (what: string, daemon: Daemon, timeoutMs: number, looks: number, isSo: () => Promise<boolean>) => {
  const endMs = clock.monotonicMs() + timeoutMs;
  for (let seen = 0; seen < looks; ) {
    if (clock.monotonicMs() > endMs) {
      const work = JSON.stringify(await owedWork(daemon.runtime.db, toIso(clock.now())));
      throw new Error(`${what} in ${timeoutMs} ms; ${work}; the daemon's log ends:\n${daemon.logTail()}`);
    }
    seen = (await isSo()) ? seen + 1 : 0;
    await clock.sleep(100);
  }
};

/** Until so many listings are imported and linked to their SKUs. */
export const untilLinked = (daemon: Daemon, listings: number, timeoutMs: number): Promise<void> =>
  until("not all listings were linked", daemon, timeoutMs, 1, async () => {
    return (await linkedListings(daemon.runtime.db)) >= listings;
  });

/** Until nothing is under way any more, a few looks in a row. */
export const untilQuiet = (daemon: Daemon, timeoutMs: number): Promise<void> =>
  until("it did not come to rest", daemon, timeoutMs, looksMax, () => isQuiet(daemon.runtime.db));
