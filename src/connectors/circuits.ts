import type { Clock } from "../core/clock.ts";
import { ChannelError } from "../core/failure.ts";
import { type Around, type CallClass, callClasses } from "./around.ts";
import type { Log } from "./deps.ts";

/** So many failures in a row, with no word from the channel between them, open the circuit. */
const failuresMax = 5;
const openMsMin = 5_000;
const openMsMax = 300_000;
/** Who comes while the one probe is under way looks again after this. */
const probeMs = 1_000;

type Circuit = {
  failuresInARow: number;
  /** Undefined: closed. Otherwise until when nothing is sent (monotonic); after that one call probes. */
  openUntilMs: number | undefined;
  openMs: number;
  probing: boolean;
};

export interface Circuits {
  readonly around: Around;
  /** How long calls of a class would be turned away, in ms; 0 = they go. */
  waitMs(accountId: string, callClass: CallClass): number;
  /** Those that have ever failed. */
  states(): readonly { readonly accountId: string; readonly callClass: CallClass; readonly open: boolean }[];
}

/**
 * A circuit breaker for each account and class of calls. Only silence counts as failure (network, timeout, 5xx): a
 * channel that throttles or refuses is there. While a circuit is open its calls fail at once as `throttled`, which costs
 * no attempt and makes the job come back when the next probe is due; one probe decides for all. Every process has its own.
 */
export const createCircuits = ({ clock, log }: { readonly clock: Clock; readonly log: Log }): Circuits => {
  const circuits = new Map<string, Circuit>();
  const keyOf = (accountId: string, callClass: CallClass): string => `${callClass} ${accountId}`;

  const waitOf = ({ openUntilMs, probing }: Circuit): number => {
    if (openUntilMs === undefined) return 0;
    if (probing) return probeMs;
    return Math.max(0, openUntilMs - clock.monotonicMs());
  };
  const waitMs = (accountId: string, callClass: CallClass): number => {
    const circuit = circuits.get(keyOf(accountId, callClass));
    return circuit === undefined ? 0 : Math.ceil(waitOf(circuit));
  };
  const failed = (circuit: Circuit, isProbe: boolean, fields: object): void => {
    circuit.failuresInARow += 1;
    // Those that were under way when it opened say nothing new.
    if (!isProbe && (circuit.openUntilMs !== undefined || circuit.failuresInARow < failuresMax)) return;
    circuit.openMs = isProbe ? Math.min(openMsMax, circuit.openMs * 2) : openMsMin;
    circuit.openUntilMs = clock.monotonicMs() + circuit.openMs;
    if (!isProbe) log.warn({ ...fields, openMs: circuit.openMs }, "the channel does not answer: its calls wait");
  };
  const answered = (circuit: Circuit, fields: object): void => {
    if (circuit.openUntilMs !== undefined) log.info(fields, "the channel answers again");
    circuit.failuresInARow = 0;
    circuit.openUntilMs = undefined;
  };

  return {
    waitMs,
    states: () =>
      [...circuits].map(([key, { openUntilMs }]) => {
        const callClass = callClasses.find((name) => key.startsWith(`${name} `)) ?? "setup";
        return { accountId: key.slice(callClass.length + 1), callClass, open: openUntilMs !== undefined };
      }),
    async around({ accountId, callClass }, work, isFailure) {
      // A person who looks whether it works again must not be turned away.
      if (callClass === "setup") return work();
      const key = keyOf(accountId, callClass);
      const circuit = circuits.get(key) ?? {
        failuresInARow: 0,
        openUntilMs: undefined,
        openMs: openMsMin,
        probing: false,
      };
      circuits.set(key, circuit);
      const retryAfterMs = Math.ceil(waitOf(circuit));
      const fields = { accountId, class: callClass };
      if (retryAfterMs > 0) {
        const message = `the channel does not answer; ${callClass} calls wait until it is asked again`;
        throw new ChannelError({ kind: "throttled", message, retryAfterMs });
      }
      const isProbe = circuit.openUntilMs !== undefined;
      circuit.probing = isProbe;
      try {
        const result = await work();
        if (isFailure?.(result) === true) failed(circuit, isProbe, fields);
        else answered(circuit, fields);
        return result;
      } catch (error) {
        // What is no ChannelError is a shutdown or a fault of ours; our own bucket's "throttled" says nothing either way.
        if (error instanceof ChannelError && error.kind === "retryable") failed(circuit, isProbe, fields);
        else if (error instanceof ChannelError && error.kind !== "throttled") answered(circuit, fields);
        throw error;
      } finally {
        if (isProbe) circuit.probing = false;
      }
    },
  };
};
