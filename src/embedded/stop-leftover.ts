import type { Clock } from "../core/clock.ts";
import type { StopSteps } from "./child.ts";
import { serversIn, signalProcess } from "./processes.ts";
import type { ServerLog } from "./server.ts";
import { waitUntil } from "./wait.ts";

export type Leftover = {
  readonly name: string;
  /** A real path: the folder the server works in. */
  readonly data: string;
  readonly programs: readonly string[];
  readonly stopSteps: StopSteps;
  /** The one that stops all others with it, where there are several. */
  readonly leader?: number | undefined;
  readonly log: ServerLog;
  readonly clock: Clock;
};

/**
 * Stops the server that a killed process of ours left running on its data, and returns when nobody works there any
 * more. Only the holder of the folder's lock may call it: then nobody else of ours can be using that server.
 */
export const stopLeftover = async ({
  name,
  data,
  programs,
  stopSteps,
  leader,
  log,
  clock,
}: Leftover): Promise<void> => {
  const running = (): readonly number[] => serversIn(data, programs);
  const isGone = (timeoutMs: number): Promise<boolean> =>
    waitUntil(() => running().length === 0, { clock, timeoutMs, everyMs: 50 });
  if (running().length === 0) return;
  // Postgres' backends without their leader end by themselves, soon.
  if (leader !== undefined && !running().includes(leader) && (await isGone(10_000))) return;
  log.warn({ server: name, pids: running() }, "stopping an embedded server that a killed process left behind");
  for (const { signal, waitMs } of [...stopSteps, { signal: "SIGKILL", waitMs: 5_000 } as const]) {
    const pids = running();
    const targets = leader !== undefined && pids.includes(leader) ? [leader] : pids;
    for (const pid of targets) signalProcess(pid, signal);
    if (await isGone(waitMs)) return;
  }
  throw new Error(`processes ${running().join(", ")} hold ${data} and do not end`);
};
