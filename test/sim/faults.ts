import type { Random } from "../../src/core/random.ts";
import type { World } from "./world.ts";

/** What goes wrong at a single step, with how often. */
export const stepFaults = [
  "connection-lost",
  "commit-unknown",
  "killed-at-statement",
  "frozen-at-statement",
  "wake-up-lost",
  "job-twice",
  "webhook-lost",
  "webhook-twice",
  "webhook-late",
  "message-twice",
  "message-garbled",
  "orders-late",
  "order-list-fails",
  "write-throttled",
  "write-fails",
  "reply-lost",
  "accepted-not-applied",
  "effect-late",
  "answer-partial",
  "read-stale",
  "read-partial",
  "read-fails",
  "frozen-after-read",
  "network-slow",
] as const;
/** What happens to a whole process or server at a moment. */
export const eventFaults = [
  "kill",
  "freeze",
  "freeze-long",
  "queue-emptied",
  "queue-away",
  "channel-away",
  "channel-locked",
  "orders-away",
] as const;
export const faultKinds = [...stepFaults, ...eventFaults] as const;
export type StepFault = (typeof stepFaults)[number];
export type EventFault = (typeof eventFaults)[number];
export type FaultKind = (typeof faultKinds)[number];

export type FaultPlan = {
  readonly rates: ReadonlyMap<StepFault, number>;
  readonly events: readonly { readonly kind: EventFault; readonly atMs: number; readonly draw: number }[];
};

/** The most often a fault strikes at one step, when the swarm has drawn it at all. */
const ratesMax: Readonly<Record<StepFault, number>> = {
  "connection-lost": 0.004,
  "commit-unknown": 0.02,
  "killed-at-statement": 0.0006,
  "frozen-at-statement": 0.0006,
  "wake-up-lost": 0.2,
  "job-twice": 0.1,
  "webhook-lost": 0.5,
  "webhook-twice": 0.4,
  "webhook-late": 0.4,
  "message-twice": 0.3,
  "message-garbled": 0.1,
  "orders-late": 0.5,
  "order-list-fails": 0.2,
  "write-throttled": 0.2,
  "write-fails": 0.2,
  "reply-lost": 0.25,
  "accepted-not-applied": 0.25,
  "effect-late": 0.6,
  "answer-partial": 0.2,
  "read-stale": 0.2,
  "read-partial": 0.2,
  "read-fails": 0.1,
  "frozen-after-read": 0.03,
  "network-slow": 0.1,
};

/** Each seed has some faults and not others, so that none hides behind another (swarm testing). */
export const drawFaults = (world: World, phaseMs: number, allowed: ReadonlySet<FaultKind>): FaultPlan => {
  const rates = new Map<StepFault, number>();
  for (const kind of stepFaults) {
    const random = world.random(`swarm/${kind}`);
    if (random() < 0.4 && allowed.has(kind)) rates.set(kind, ratesMax[kind] * (0.2 + 0.8 * random()));
  }
  const events: { kind: EventFault; atMs: number; draw: number }[] = [];
  for (const kind of eventFaults) {
    const random = world.random(`swarm/${kind}`);
    if (random() >= 0.4) continue;
    const count = 1 + Math.floor(random() * 3);
    for (let index = 0; index < count; index += 1) {
      const atMs = world.startedMs + 5_000 + random() * (phaseMs - 5_000);
      const draw = random();
      if (allowed.has(kind)) events.push({ kind, atMs, draw });
    }
  }
  return { rates, events };
};

/** Asked at every step that may go wrong; counts what was injected and what of it made a difference. */
export class FaultBox {
  readonly injected = new Map<FaultKind, number>();
  readonly effective = new Map<FaultKind, number>();
  readonly #rates: ReadonlyMap<StepFault, number>;
  readonly #randoms = new Map<StepFault, Random>();
  readonly #world: World;
  #isHealed = true;

  constructor(world: World, rates: ReadonlyMap<StepFault, number>) {
    this.#world = world;
    this.#rates = rates;
  }

  begin(): void {
    this.#isHealed = false;
  }
  heal(): void {
    this.#isHealed = true;
  }
  get isHealed(): boolean {
    return this.#isHealed;
  }

  /** `makesADifference`: most faults do whenever they strike. */
  strikes(kind: StepFault, makesADifference = true, times = 1): boolean {
    const rate = this.#rates.get(kind);
    if (rate === undefined || this.#isHealed) return false;
    const random = this.#randoms.get(kind) ?? this.#world.random(`fault/${kind}`);
    this.#randoms.set(kind, random);
    if (random() >= rate * times) return false;
    this.count(kind, makesADifference);
    return true;
  }

  count(kind: FaultKind, isEffective: boolean): void {
    this.injected.set(kind, (this.injected.get(kind) ?? 0) + 1);
    if (isEffective) this.countEffective(kind);
  }
  countEffective(kind: FaultKind): void {
    this.effective.set(kind, (this.effective.get(kind) ?? 0) + 1);
    this.#world.note(`fault ${kind}`);
  }
}
