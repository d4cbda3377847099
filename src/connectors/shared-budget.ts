import type { Clock } from "../core/clock.ts";
import type { BucketPlace, BucketStore, SharedBucket, WatchedStore } from "./bucket-store.ts";
import {
  arrivalMsUsual,
  type Budget,
  cappedBy,
  createBudget,
  createTurns,
  napMsMax,
  type Quota,
  refuseLongPause,
} from "./budget.ts";

/** How many processes to reckon with when nobody knows. */
const processesAssumed = 4;

type Mirror = SharedBucket & { readonly at: number };

/**
 * A budget that all processes draw from. It remembers what it last heard of each bucket: a bucket that was lost is made
 * again from that, and while the store is away this process spends its part of it and no more.
 */
export const createSharedBudget = (
  scope: string,
  quotas: Readonly<Record<string, Quota>>,
  deps: {
    readonly store: WatchedStore;
    readonly clock: Clock;
    readonly process: string;
    readonly arrivalMs?: number | undefined;
  },
  capped: ReadonlySet<string> = new Set(),
): Budget => {
  const { store, clock, arrivalMs = arrivalMsUsual } = deps;
  const mirrors = new Map<string, Mirror>();
  const parts = new Map<string, Budget>();
  const inTurn = createTurns();
  let waiters = 0;

  const mirrorOf = (name: string): Mirror => {
    const quota = quotas[name];
    if (quota === undefined) throw new TypeError(`no quota named ${name}`);
    const known = mirrors.get(name);
    if (known === undefined)
      return { ...quota, tokens: quota.burst, pausedMs: 0, processes: 0, at: clock.monotonicMs() };
    const passedMs = clock.monotonicMs() - known.at;
    const tokens = Math.min(known.burst, known.tokens + (passedMs / 1000) * known.ratePerSecond);
    return { ...known, tokens, pausedMs: Math.max(0, known.pausedMs - passedMs), at: clock.monotonicMs() };
  };
  const placeOf = (quota: string): BucketPlace => ({ scope, quota, process: deps.process, seed: mirrorOf(quota) });

  /** This process's part of the bucket while the store is away. */
  const partOf = (name: string): Budget => {
    const existing = parts.get(name);
    if (existing !== undefined) return existing;
    const { tokens, pausedMs, ratePerSecond, burst, processes } = mirrorOf(name);
    const share = 1 / Math.max(processes === 0 ? processesAssumed : processes, 2);
    const made = createBudget({ [name]: { ratePerSecond: ratePerSecond * share, burst: burst * share } }, clock);
    made.observe(name, { remaining: tokens * share });
    if (pausedMs > 0) made.pause(name, pausedMs);
    parts.set(name, made);
    return made;
  };
  /** The store is back: what was spent without it is taken off there too. */
  const rejoin = async (name: string, part: Budget): Promise<void> => {
    parts.delete(name);
    const { burst, processes } = mirrorOf(name);
    const remaining = Math.min(burst, (await part.spare(name)) * Math.max(processes, 2));
    await step(name, (on, at) => on.observe(at, { remaining }));
  };
  const learn = async (name: string, bucket: SharedBucket): Promise<void> => {
    mirrors.set(name, { ...bucket, at: clock.monotonicMs() });
    const part = parts.get(name);
    if (part !== undefined) await rejoin(name, part);
  };
  const step = async (
    name: string,
    work: (on: BucketStore, at: BucketPlace) => Promise<SharedBucket>,
  ): Promise<SharedBucket | undefined> => {
    const bucket = await store.attempt((on) => work(on, placeOf(name)));
    if (bucket !== undefined) await learn(name, bucket);
    return bucket;
  };
  /** Told, not waited for. Steps of a process reach the store in the order in which they were made. */
  const tell = (
    name: string,
    work: (on: BucketStore, at: BucketPlace) => Promise<SharedBucket>,
    otherwise: (part: Budget) => void,
  ): void => {
    mirrorOf(name);
    void step(name, work).then((bucket) => {
      if (bucket === undefined) otherwise(partOf(name));
    });
  };

  const takeInTurn = async (name: string, cost: number, signal: AbortSignal): Promise<void> => {
    const waiter = `${deps.process}/${(waiters += 1)}`;
    let waits = false;
    try {
      for (;;) {
        signal.throwIfAborted();
        const answer = await store.attempt((on) => on.take(placeOf(name), { cost, waiter, napMsMax, arrivalMs }));
        if (answer === undefined) return await partOf(name).take(name, signal, cost);
        await learn(name, answer.bucket);
        waits = !answer.granted;
        if (answer.granted) return;
        refuseLongPause(name, answer.bucket.pausedMs);
        await clock.sleep(Math.min(Math.max(1, Math.ceil(answer.waitMs)), napMsMax), signal);
      }
    } finally {
      if (waits) void step(name, (on, at) => on.leave(at, waiter));
    }
  };

  return {
    take: (name, signal, cost = 1) => inTurn(name, () => takeInTurn(name, cost, signal)),
    async spare(name) {
      const bucket = await step(name, (on, at) => on.read(at));
      if (bucket === undefined) return partOf(name).spare(name);
      return bucket.pausedMs > 0 ? 0 : bucket.tokens;
    },
    refund: (name, cost) =>
      tell(
        name,
        (on, at) => on.refund(at, cost),
        (part) => part.refund(name, cost),
      ),
    observe(name, seen) {
      const told = cappedBy(capped.has(name) ? quotas[name] : undefined, seen);
      tell(
        name,
        (on, at) => on.observe(at, told),
        (part) => part.observe(name, told.remaining === undefined ? {} : { remaining: told.remaining }),
      );
    },
    throttled: (name, waitMs) =>
      tell(
        name,
        (on, at) => on.hold(at, waitMs, "empty", arrivalMs),
        (part) => part.throttled(name, waitMs),
      ),
    pause: (name, waitMs) =>
      tell(
        name,
        (on, at) => on.hold(at, waitMs, "keep", arrivalMs),
        (part) => part.pause(name, waitMs),
      ),
  };
};
