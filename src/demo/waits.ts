import { z } from "zod";
import type { Runtime } from "../compose.ts";
import { type Channel, channels } from "../connectors/connector.ts";
import type { Clock } from "../core/clock.ts";
import { systemClock } from "../core/clock.ts";
import type { Db } from "../db/pool.ts";
import { queryOne, sql } from "../db/sql.ts";
import type { ControlClient } from "./control-client.ts";
import { isQuiet, type Unrest, unrest } from "./quiet.ts";
import type { Reporter } from "./reporter.ts";

const importMsMax = 180_000;
const quietMsMax = 240_000;

const linkedListings = async (db: Db): Promise<number> =>
  (await queryOne(db, z.object({ n: z.number() }), sql`select count(distinct listing_id) as n from listing_link`))?.n ??
  0;

/** Until every listing of every channel is imported and linked to its SKU. */
export const waitForListings = async (
  db: Db,
  expected: number,
  reporter: Pick<Reporter, "importing">,
  signal: AbortSignal,
): Promise<void> => {
  const endsAt = systemClock.monotonicMs() + importMsMax;
  for (;;) {
    const linked = await linkedListings(db);
    reporter.importing(linked, expected);
    if (linked >= expected) return;
    if (systemClock.monotonicMs() > endsAt)
      throw new Error(`only ${linked} of ${expected} listings were imported and linked`);
    await systemClock.sleep(250, signal);
  }
};

/** Until nothing is under way any more, three looks in a row. Undefined: it did not become quiet in time. */
export const waitForQuiet = async (
  runtime: Pick<Runtime, "db">,
  controls: Readonly<Record<Channel, ControlClient>>,
  clock: Clock,
  reporter: Pick<Reporter, "unrest">,
  signal: AbortSignal,
): Promise<{ readonly seconds: number; readonly left: Unrest | undefined }> => {
  const startedMs = clock.now();
  let looks = 0;
  for (;;) {
    const state = await unrest(runtime, controls, startedMs, clock.now());
    reporter.unrest(state);
    looks = isQuiet(state) ? looks + 1 : 0;
    const seconds = (clock.now() - startedMs) / 1000;
    if (looks >= 3) return { seconds, left: undefined };
    if (seconds * 1000 > quietMsMax) return { seconds, left: state };
    await clock.sleep(300, signal);
  }
};

/** Notes the moment when the first push caused by a sale shows on a channel. */
export const watchFirstArrival = (
  db: Db,
  controls: Readonly<Record<Channel, ControlClient>>,
  clock: Clock,
  signal: AbortSignal,
): { stop(): Promise<number | null> } => {
  const done = new AbortController();
  const watch = async (): Promise<number | null> => {
    while (!done.signal.aborted && !signal.aborted) {
      const order = await queryOne(db, z.object({ n: z.number() }), sql`select count(*) as n from order_line`);
      if ((order?.n ?? 0) > 0) {
        const writes = await Promise.all(channels.map((channel) => controls[channel].writes()));
        const arrived = writes.filter((list) => list.length > 0);
        if (arrived.length >= 2) return Math.max(...arrived.map((list) => list[0]?.atMs ?? 0));
      }
      await clock.sleep(200, done.signal).catch(() => undefined);
    }
    return null;
  };
  const watching = watch();
  return {
    stop: () => {
      done.abort(new Error("replay ended"));
      return watching;
    },
  };
};
