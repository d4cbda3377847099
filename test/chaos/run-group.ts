import type { FaultGroup, PlannedFault } from "./faults.ts";
import type { Probe, Prober } from "./probes.ts";
import type { FaultRecord } from "./recovery.ts";
import { sleep } from "./sleep.ts";
import type { Struck } from "./strike.ts";

export type GroupDeps = {
  readonly prober: Prober;
  readonly strike: (fault: PlannedFault) => Promise<Struck>;
  readonly nowMs: () => number;
  readonly recoveryMsMax: number;
  /** A planted mistake: what was struck is left as it is until it is too late. */
  readonly leavesUnmended: boolean;
  readonly signal: AbortSignal;
};

const lookEveryMs = 100;

/** Asks again while the database is away. */
const insist = async <Result>(ask: () => Promise<Result>, signal: AbortSignal): Promise<Result> => {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (
        !(error instanceof Error) ||
        !/ECONN|terminat|starting up|shutting down|recovery|timeout/i.test(error.message)
      )
        throw error;
      await sleep(lookEveryMs, signal);
    }
  }
};

/**
 * Strikes, mends, and waits for the recovery: the probes that were sent at the beginning of each fault and at the end of the
 * last one have arrived everywhere, and what was owed at that end is worked off. A record a fault.
 */
export const runGroup = async (group: FaultGroup, deps: GroupDeps): Promise<readonly FaultRecord[]> => {
  const { prober, nowMs, signal } = deps;
  const probes: Probe[] = [];
  const late: Struck[] = [];
  const runOne = async (fault: PlannedFault) => {
    await sleep(fault.offsetMs, signal);
    const beganMs = nowMs();
    const struck = await deps.strike(fault);
    probes.push(...(await prober.send(fault.draw)));
    await sleep(Math.max(0, beganMs + fault.lastsMs - nowMs()), signal);
    if (deps.leavesUnmended) late.push(struck);
    else await struck.end();
    return { type: fault.type, what: struck.what, beganMs, lastedMs: nowMs() - beganMs };
  };
  const faults = await Promise.all(group.map(runOne));
  const endedMs = Math.max(...faults.map(({ beganMs, lastedMs }) => beganMs + lastedMs));
  probes.push(...(await prober.send(group[0]?.draw ?? 0)));
  let owed = await insist(prober.owed, signal);
  const look = async (): Promise<readonly string[]> => {
    const missing = await prober.missing(probes);
    const { open, words } = await prober.backlog(owed, endedMs);
    // What was right once since then has recovered, whatever the load makes of it later.
    owed = open;
    return [...missing, ...words];
  };
  let recoveredMs: number | null = null;
  let waitedFor: readonly string[] = [];
  while (recoveredMs === null && nowMs() - endedMs <= deps.recoveryMsMax) {
    const open = await insist(look, signal);
    if (open.length === 0) recoveredMs = nowMs();
    else {
      waitedFor = [...new Set(open)];
      await sleep(lookEveryMs, signal);
    }
  }
  for (const struck of late) await struck.end();
  return faults.map((fault, index) => ({
    ...fault,
    endedMs,
    recoveredMs,
    waitedFor,
    beside: group[1 - index]?.type ?? null,
  }));
};
