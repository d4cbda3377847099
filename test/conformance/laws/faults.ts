import { type FaultPlan, faultPlans } from "../../../src/simulators/kit/faults.ts";

const calm: FaultPlan = { ...faultPlans.none, messageDelayMs: [0, 0], applyDelayMs: [0, 0] };

/** Every fault that a simulator knows, one at a time, then all of them. Times are real milliseconds, so they are short. */
export const faults = {
  none: calm,
  messageDropShare: { ...calm, messageDropShare: 0.4 },
  messageDuplicateShare: { ...calm, messageDuplicateShare: 0.6 },
  messageDelayMs: { ...calm, messageDelayMs: [0, 120] },
  serverErrorShare: { ...calm, serverErrorShare: 0.25 },
  requestLostShare: { ...calm, requestLostShare: 0.25 },
  replyLostShare: { ...calm, replyLostShare: 0.25 },
  throttleShare: { ...calm, throttleShare: 0.25 },
  acceptedNotAppliedShare: { ...calm, acceptedNotAppliedShare: 0.4 },
  applyDelayMs: { ...calm, applyDelayMs: [20, 150] },
  orderVisibilityMs: { ...calm, orderVisibilityMs: [20, 150] },
  staleReadMs: { ...calm, staleReadMs: 150 },
  tokenLifeMs: { ...calm, tokenLifeMs: 150 },
  everything: {
    messageDropShare: 0.2,
    messageDuplicateShare: 0.3,
    messageDelayMs: [0, 80],
    serverErrorShare: 0.08,
    requestLostShare: 0.06,
    replyLostShare: 0.06,
    throttleShare: 0.08,
    acceptedNotAppliedShare: 0.15,
    applyDelayMs: [0, 80],
    orderVisibilityMs: [0, 120],
    staleReadMs: 80,
    // Long enough for the retries inside one call: a token that dies between two of them is the fault above.
    tokenLifeMs: 3_000,
  },
} as const satisfies Record<string, FaultPlan>;

export type FaultName = keyof typeof faults;

/** Faults that a simulator counts when they strike: a law that passed without them has shown nothing. */
export const countedFaults: ReadonlySet<string> = new Set([
  "messageDropShare",
  "messageDuplicateShare",
  "serverErrorShare",
  "requestLostShare",
  "replyLostShare",
  "throttleShare",
  "acceptedNotAppliedShare",
  "tokenLifeMs",
]);

/** What every call runs into while it lasts. */
export const certain: Readonly<Partial<Record<FaultName, FaultPlan>>> = {
  serverErrorShare: { ...calm, serverErrorShare: 1 },
  requestLostShare: { ...calm, requestLostShare: 1 },
  replyLostShare: { ...calm, replyLostShare: 1 },
  throttleShare: { ...calm, throttleShare: 1 },
};
