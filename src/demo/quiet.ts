import type { Runtime } from "../compose.ts";
import { type Channel, channels } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { outboxWaiting } from "../ledger/outbox.ts";
import { readCursor } from "../sync/cursors.ts";
import { owedWork } from "../sync/owed-work.ts";
import { demoAccounts } from "./accounts.ts";
import type { ControlClient } from "./control-client.ts";

export type Unrest = {
  readonly deliveries: number;
  readonly owed: number;
  readonly openPushes: number;
  readonly outbox: number;
  readonly atChannels: number;
  /** Accounts whose order watermark is not past the last sale yet. */
  readonly behind: number;
};

/** What is still under way, here and at the channels. */
export const unrest = async (
  runtime: Pick<Runtime, "db">,
  controls: Readonly<Record<Channel, ControlClient>>,
  lastSaleMs: number,
  nowMs: number,
): Promise<Unrest> => {
  const work = await owedWork(runtime.db, toIso(nowMs));
  const counters = await Promise.all(channels.map((channel) => controls[channel].counters()));
  const cursors = await Promise.all(channels.map((channel) => readCursor(runtime.db, demoAccounts[channel], "orders")));
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, value) => total + value, 0);
  return {
    deliveries: sum(work.map((row) => row.openDeliveries)),
    owed: sum(work.map((row) => row.owedTargets)),
    openPushes: sum(work.map((row) => row.openAttempts)),
    outbox: await outboxWaiting(runtime.db),
    atChannels: sum(counters.map((counter) => counter.pendingWrites)),
    behind: cursors.filter(({ watermark }) => watermark === null || Date.parse(watermark) < lastSaleMs).length,
  };
};

export const isQuiet = (state: Unrest): boolean => Object.values(state).every((count) => count === 0);
