import { systemClock as clock, toIso } from "../../src/core/clock.ts";
import { LocationId, Sku } from "../../src/core/ids.ts";
import { outboxWaiting } from "../../src/ledger/outbox.ts";
import { setAccountState } from "../../src/sync/accounts.ts";
import type { Daemon } from "./daemon.ts";

/** What a person does with an account; the daemon is woken as by the command. */
export const setState = async ({ runtime }: Daemon, accountId: string, state: "paused" | "live"): Promise<void> => {
  const change = { accountId, state, reason: "bench", now: toIso(clock.now()) };
  await setAccountState(runtime.db, change);
  if (state === "live") runtime.queues.wake("push-account", { accountId });
};

let adjustments = 0;

/** Takes units off the shelf (or puts them there) by hand, each SKU once; and keeps the count. */
export const adjust = async (
  { runtime }: Daemon,
  left: Map<string, number>,
  changes: Iterable<readonly [sku: string, deltaUnits: number]>,
): Promise<void> => {
  await Promise.all(
    Array.from(changes, async ([sku, deltaUnits]) => {
      left.set(sku, (left.get(sku) ?? 0) + deltaUnits);
      await runtime.ledger.submit({
        kind: "adjust",
        key: `bench-adjust:${(adjustments += 1)}`,
        sku: Sku.parse(sku),
        locationId: LocationId.parse("main"),
        units: deltaUnits,
        reason: "counted",
        actor: "bench",
        occurredAt: toIso(clock.now()),
      });
    }),
  );
};

/** Until every change of the ledger is owed to its listings. */
export const untilPublished = async ({ runtime }: Daemon): Promise<void> => {
  while ((await outboxWaiting(runtime.db)) > 0) await clock.sleep(20);
  // Claimed and marked owed is one transaction: what is no longer waiting is owed.
};
