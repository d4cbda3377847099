import type { Random } from "../../core/random.ts";

/** Shares are probabilities 0–1 per chance; delays are drawn uniformly from [min, max] milliseconds. */
export type FaultPlan = {
  readonly messageDropShare: number;
  readonly messageDuplicateShare: number;
  readonly messageDelayMs: readonly [number, number];
  /** Answers 500/503 without doing anything. */
  readonly serverErrorShare: number;
  /** Cuts the connection before the request is processed. */
  readonly requestLostShare: number;
  /** Processes the request, then cuts the connection. */
  readonly replyLostShare: number;
  /** Answers "too many requests" although there was quota. */
  readonly throttleShare: number;
  /** Accepts a quantity and never applies it. */
  readonly acceptedNotAppliedShare: number;
  /** From accepting a quantity to showing it. */
  readonly applyDelayMs: readonly [number, number];
  /** From the sale to its appearance in the order list. */
  readonly orderVisibilityMs: readonly [number, number];
  /** A listing read may be this much older than the truth. */
  readonly staleReadMs: number;
  /** Access tokens die this long after issue, whatever they promised; 0 = as promised. */
  readonly tokenLifeMs: number;
};

export const faultPlans = {
  none: {
    messageDropShare: 0,
    messageDuplicateShare: 0,
    messageDelayMs: [0, 20],
    serverErrorShare: 0,
    requestLostShare: 0,
    replyLostShare: 0,
    throttleShare: 0,
    acceptedNotAppliedShare: 0,
    applyDelayMs: [5, 50],
    orderVisibilityMs: [0, 0],
    staleReadMs: 0,
    tokenLifeMs: 0,
  },
  light: {
    messageDropShare: 0.02,
    messageDuplicateShare: 0.05,
    messageDelayMs: [0, 500],
    serverErrorShare: 0.01,
    requestLostShare: 0.005,
    replyLostShare: 0.005,
    throttleShare: 0.005,
    acceptedNotAppliedShare: 0.01,
    applyDelayMs: [10, 400],
    orderVisibilityMs: [0, 300],
    staleReadMs: 0,
    tokenLifeMs: 0,
  },
  heavy: {
    messageDropShare: 0.2,
    messageDuplicateShare: 0.25,
    messageDelayMs: [0, 2_500],
    serverErrorShare: 0.05,
    requestLostShare: 0.03,
    replyLostShare: 0.03,
    throttleShare: 0.03,
    acceptedNotAppliedShare: 0.05,
    applyDelayMs: [20, 1_500],
    orderVisibilityMs: [0, 1_000],
    staleReadMs: 0,
    tokenLifeMs: 5_000,
  },
} as const satisfies Record<string, FaultPlan>;

/** Draws faults from one seeded source and counts what was really injected. */
export class FaultSource {
  plan: FaultPlan;
  readonly counts = new Map<string, number>();
  readonly #random: Random;

  constructor(plan: FaultPlan, random: Random) {
    this.plan = plan;
    this.#random = random;
  }

  happens(name: keyof { [K in keyof FaultPlan as FaultPlan[K] extends number ? K : never]: true }): boolean {
    const hit = this.#random() < this.plan[name];
    if (hit) this.count(name);
    return hit;
  }

  /** A delay in milliseconds from the plan's range. */
  delayMs(name: "messageDelayMs" | "applyDelayMs" | "orderVisibilityMs"): number {
    const [min, max] = this.plan[name];
    return Math.round(min + this.#random() * (max - min));
  }

  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
}
