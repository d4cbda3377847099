import type { Random } from "../../src/core/random.ts";

/** What can be done to the system, and how long it lasts, in milliseconds: drawn uniformly from [min, max]. */
export const faultTypes = {
  // The control: how long the probes take under the load alone, on this machine.
  "nothing-at-all": [1_000, 2_000],
  // kill -9, and a new process a second later, as a process manager would start it.
  "web-killed": [1_000, 1_000],
  "worker-killed": [1_000, 1_000],
  "scheduler-killed": [1_000, 1_000],
  "all-roles-killed": [1_000, 2_000],
  // Stopped, not dead: longer than a job's lock (15 s, looked at every 5 s), and longer than an account's lease (60 s).
  "worker-frozen": [21_000, 25_000],
  "worker-frozen-past-lease": [62_000, 66_000],
  "redis-flushed": [1_000, 2_000],
  // kill -9, a while without, then an empty one.
  "redis-killed": [2_000, 5_000],
  "postgres-restarted": [0, 500],
  "postgres-crashed": [0, 2_000],
  "postgres-backends-ended": [500, 2_000],
  "postgres-slow": [5_000, 8_000],
  "postgres-silent": [8_000, 15_000],
  "postgres-forgotten": [5_000, 10_000],
  "postgres-refusing": [3_000, 6_000],
  "postgres-cut": [4_000, 8_000],
  "redis-slow": [5_000, 8_000],
  "redis-silent": [8_000, 15_000],
  "redis-forgotten": [5_000, 10_000],
  "redis-refusing": [3_000, 6_000],
  "channel-slow": [5_000, 8_000],
  "channel-silent": [8_000, 15_000],
  "channel-refusing": [4_000, 8_000],
  "channel-cut": [4_000, 8_000],
  "web-refusing": [3_000, 6_000],
  "channels-throttle": [5_000, 10_000],
  "channels-fail": [5_000, 10_000],
  "replies-lost": [5_000, 10_000],
  "webhooks-lost": [5_000, 10_000],
  "webhooks-doubled": [5_000, 10_000],
  "writes-ignored": [5_000, 10_000],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

export type FaultType = keyof typeof faultTypes;
export const faultNames = Object.keys(faultTypes) as readonly FaultType[];

/** A fault as it was drawn; `draws` decide the rest: which worker, which channel, how slow. */
export type PlannedFault = {
  readonly type: FaultType;
  readonly lastsMs: number;
  readonly draw: number;
  /** Begins this long after the fault that it overlaps; 0 for one that begins by itself. */
  readonly offsetMs: number;
};

/** One fault, or two of which the second begins before the first one ends. */
export type FaultGroup = readonly PlannedFault[];

const overlapShare = 0.2;

/** Two of a family would meet in one place: the end of one could undo the other. */
export const familyOf = (type: FaultType): string => {
  const first = type.slice(0, type.indexOf("-"));
  if (["worker", "scheduler", "all"].includes(first) || type === "web-killed") return "roles";
  if (["postgres", "redis", "web"].includes(first)) return first;
  return first === "channel" || first === "nothing" ? first : "simulators";
};

const shuffled = <Item>(items: readonly Item[], random: Random): Item[] => {
  const rest = [...items];
  const drawn: Item[] = [];
  while (rest.length > 0) drawn.push(...rest.splice(Math.floor(random() * rest.length), 1));
  return drawn;
};

/**
 * Faults without an end, drawn by a seed: in each round every type comes once, in an order of its own; about every fifth
 * overlaps with the one after it. Pure.
 */
export function* schedule(random: Random, types: readonly FaultType[] = faultNames): Generator<FaultGroup> {
  for (;;) {
    const round = shuffled(types, random);
    for (let type = round.shift(); type !== undefined; type = round.shift()) {
      const [minMs, maxMs] = faultTypes[type];
      const lastsMs = Math.round(minMs + random() * (maxMs - minMs));
      const first = { type, lastsMs, draw: random(), offsetMs: 0 };
      const other = random() < overlapShare ? round.find((one) => familyOf(one) !== familyOf(first.type)) : undefined;
      if (other === undefined) {
        yield [first];
        continue;
      }
      round.splice(round.indexOf(other), 1);
      const [otherMinMs, otherMaxMs] = faultTypes[other];
      const otherLastsMs = Math.round(otherMinMs + random() * (otherMaxMs - otherMinMs));
      yield [first, { type: other, lastsMs: otherLastsMs, draw: random(), offsetMs: Math.round(random() * lastsMs) }];
    }
  }
}
