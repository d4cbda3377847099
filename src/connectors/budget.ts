import type { Clock } from "../core/clock.ts";
import { ChannelError } from "../core/failure.ts";

/** A channel's quota as a token bucket: full burst first, then the refill rate. */
export type Quota = { readonly ratePerSecond: number; readonly burst: number };

/** What a channel's answer told of a quota. */
export type SeenQuota = { readonly remaining?: number; readonly ratePerSecond?: number; readonly burst?: number };

/** Two kinds: in this process alone (below), and one for all processes (`shared-budget.ts`). */
export interface Budget {
  /**
   * Waits until `cost` tokens are there and takes them. Rejects when `signal` aborts, and with `throttled` at once when
   * the channel has paused the quota for longer than a minute.
   */
  take(quota: string, signal: AbortSignal, cost?: number): Promise<void>;
  /** Gives back what a call did not cost in the end, where a channel charges an estimate first. */
  refund(quota: string, cost: number): void;
  /** Tokens to spare right now, for work that should only use what is left over. */
  spare(quota: string): Promise<number>;
  /** Corrects the mirror from what the channel reported. */
  observe(quota: string, seen: SeenQuota): void;
  /** The channel said "too many": empty the bucket and wait at least `waitMs` before the next call. */
  throttled(quota: string, waitMs: number): void;
  /** No call for `waitMs`, but the tokens stay: a passing "too many" that says nothing of the quota itself. */
  pause(quota: string, waitMs: number): void;
}

/** Longest nap while waiting: a refund may have filled the bucket in the meantime. */
export const napMsMax = 250;

/**
 * A full bucket of the channel's begins to refill when the first call gets there, not when we took its token: so much
 * later at most. Without it the first calls after a burst are throttled; once a burst it costs so much of the refill.
 */
export const arrivalMsUsual = 250;

const pauseMsMax = 60_000;

/** A pause of minutes or hours (a day's quota used up) is told, not waited for: a job has better things to do. */
export const refuseLongPause = (quota: string, pausedMs: number): void => {
  if (pausedMs <= pauseMsMax) return;
  const retryAfterMs = Math.ceil(pausedMs);
  throw new ChannelError({ kind: "throttled", message: `quota ${quota} is paused by the channel`, retryAfterMs });
};

/** What the channel reported, but never more than an operator set: others may share the quota. */
export const cappedBy = (set: Quota | undefined, seen: SeenQuota): SeenQuota => {
  const most = (reported: number, limit: number | undefined): number => Math.min(reported, limit ?? reported);
  return {
    ...(seen.remaining !== undefined && { remaining: seen.remaining }),
    ...(seen.ratePerSecond !== undefined &&
      seen.ratePerSecond > 0 && { ratePerSecond: most(seen.ratePerSecond, set?.ratePerSecond) }),
    ...(seen.burst !== undefined && seen.burst > 0 && { burst: most(seen.burst, set?.burst) }),
  };
};

/** One after the other by name, whether the one before got what it wanted or was aborted. */
export const createTurns = () => {
  const queues = new Map<string, Promise<void>>();
  return (name: string, work: () => Promise<void>): Promise<void> => {
    const turn = (queues.get(name) ?? Promise.resolve()).then(work);
    queues.set(
      name,
      turn.catch(() => undefined),
    );
    return turn;
  };
};

type Bucket = { ratePerSecond: number; burst: number; tokens: number; at: number; notBefore: number };

/**
 * In-process mirror of an account's quotas; callers are served first come, first served. `capped` names the quotas that
 * an operator set: what the channel reports may lower them, never raise them (others may share the quota).
 */
export const createBudget = (
  quotas: Readonly<Record<string, Quota>>,
  clock: Clock,
  capped: ReadonlySet<string> = new Set(),
  arrivalMs = 0,
): Budget => {
  const buckets = new Map<string, Bucket>();
  const inTurn = createTurns();

  const bucketOf = (name: string): Bucket => {
    const existing = buckets.get(name);
    if (existing !== undefined) return existing;
    const quota = quotas[name];
    if (quota === undefined) throw new TypeError(`no quota named ${name}`);
    const made = { ...quota, tokens: quota.burst, at: clock.monotonicMs(), notBefore: Number.NEGATIVE_INFINITY };
    buckets.set(name, made);
    return made;
  };
  const refill = (bucket: Bucket): void => {
    const now = clock.monotonicMs();
    if (now <= bucket.at) return;
    bucket.tokens = Math.min(bucket.burst, bucket.tokens + ((now - bucket.at) / 1000) * bucket.ratePerSecond);
    bucket.at = now;
  };
  const takeInTurn = async (name: string, cost: number, signal: AbortSignal): Promise<void> => {
    const bucket = bucketOf(name);
    for (;;) {
      signal.throwIfAborted();
      refill(bucket);
      // A cost above the burst would wait for ever: it may go when the bucket is full.
      const needed = Math.min(cost, bucket.burst);
      const blockedMs = bucket.notBefore - clock.monotonicMs();
      if (blockedMs <= 0 && bucket.tokens >= needed) {
        if (bucket.tokens >= bucket.burst) bucket.at = clock.monotonicMs() + arrivalMs;
        bucket.tokens -= cost;
        return;
      }
      refuseLongPause(name, blockedMs);
      const refillMs = ((needed - bucket.tokens) / bucket.ratePerSecond) * 1000;
      const waitMs = Math.max(1, Math.ceil(Math.max(blockedMs, refillMs)));
      await clock.sleep(Math.min(waitMs, napMsMax), signal);
    }
  };

  const holdBack = (bucket: Bucket, waitMs: number): void => {
    bucket.notBefore = Math.max(bucket.notBefore, clock.monotonicMs() + waitMs);
  };

  return {
    take: (name, signal, cost = 1) => inTurn(name, () => takeInTurn(name, cost, signal)),
    refund(name, cost) {
      const bucket = bucketOf(name);
      refill(bucket);
      bucket.tokens = Math.min(bucket.burst, bucket.tokens + cost);
    },
    async spare(name) {
      const bucket = bucketOf(name);
      refill(bucket);
      return bucket.notBefore > clock.monotonicMs() ? 0 : bucket.tokens;
    },
    observe(name, seen) {
      const bucket = bucketOf(name);
      refill(bucket);
      const { remaining, ratePerSecond, burst } = cappedBy(capped.has(name) ? quotas[name] : undefined, seen);
      if (ratePerSecond !== undefined) bucket.ratePerSecond = ratePerSecond;
      if (burst !== undefined) bucket.burst = burst;
      if (remaining !== undefined) bucket.tokens = Math.min(bucket.tokens, remaining);
    },
    throttled(name, waitMs) {
      const bucket = bucketOf(name);
      refill(bucket);
      bucket.tokens = Math.min(bucket.tokens, 0);
      holdBack(bucket, waitMs);
    },
    pause: (name, waitMs) => holdBack(bucketOf(name), waitMs),
  };
};
