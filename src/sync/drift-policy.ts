import { assertNever } from "../core/failure.ts";
import type { DriftCause } from "./drift-cause.ts";

/**
 * `heal`: the listing owes a push again; lowering goes at once, raising waits for its evidence and the guards.
 * `ask`: a person decides. `accept`: the channel is right, the ledger is adjusted.
 */
export const driftPolicies = ["heal", "ask", "accept"] as const;
export type DriftPolicy = (typeof driftPolicies)[number];
export type DriftPolicies = Readonly<Record<DriftCause, DriftPolicy>>;

/** What we did or missed ourselves is mended; what somebody else wanted is asked about. */
export const defaultDriftPolicies: DriftPolicies = {
  "our-lag": "heal",
  "lost-push": "heal",
  "unseen-order": "heal",
  "hand-edit": "ask",
  "other-app": "ask",
  "channel-fault": "ask",
  unknown: "ask",
};

export type DriftAction =
  /** Nothing is left to do: the channel shows what it should. */
  | { readonly action: "close"; readonly state: "healed" | "gone" }
  | { readonly action: "heal" }
  /** Waits for a person; `lowers`: what it shows too much is taken off at once all the same. */
  | { readonly action: "ask"; readonly lowers: boolean }
  | { readonly action: "accept" };

/**
 * What follows from a cause. No policy lets a listing show more than there is: that is lowered whatever it says. Pure.
 * `shownUnits` and `wantedUnits`: as of the judgement.
 */
export const actOnDrift = (
  cause: DriftCause,
  policy: DriftPolicy,
  figures: { readonly shownUnits: number | null; readonly wantedUnits: number },
): DriftAction => {
  const { shownUnits, wantedUnits } = figures;
  if (shownUnits === wantedUnits) return { action: "close", state: cause === "channel-fault" ? "gone" : "healed" };
  switch (policy) {
    case "heal":
      return { action: "heal" };
    case "ask":
      return { action: "ask", lowers: shownUnits !== null && shownUnits > wantedUnits };
    case "accept":
      return { action: "accept" };
    default:
      return assertNever(policy);
  }
};
