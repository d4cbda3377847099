import type { Circuits } from "../connectors/circuits.ts";

/** This process's circuits: those of account and class that have been called at all. */
export const circuitGauge = (circuits: Pick<Circuits, "states">) => ({
  name: "lockstep_circuit_open",
  help: "1 while calls of this account and class are turned away because the channel does not answer.",
  labelNames: ["account", "class"],
  read: async () =>
    circuits.states().map(({ accountId, callClass, open }) => ({
      labels: { account: accountId, class: callClass },
      value: open ? 1 : 0,
    })),
});

export const droppedCallsGauge = (writer: { readonly dropped: () => number }) => ({
  name: "lockstep_call_notes_dropped",
  help: "Notes of calls that could not be kept, since this process started.",
  read: async () => [{ value: writer.dropped() }],
});
