import type { Clock } from "../core/clock.ts";
import type { Quota, SeenQuota } from "./budget.ts";
import type { Log } from "./deps.ts";

/** A bucket as it is after a step; `processes`: how many drew from it lately. */
export type SharedBucket = Quota & {
  readonly tokens: number;
  readonly pausedMs: number;
  readonly processes: number;
};

/** Which bucket, who asks, and what it is made of when it is not there. */
export type BucketPlace = {
  readonly scope: string;
  readonly quota: string;
  readonly process: string;
  readonly seed: Quota & { readonly tokens: number };
};

/** Where buckets live that several processes share. Each step is atomic; it rejects soon when the place is away. */
export interface BucketStore {
  take(
    at: BucketPlace,
    wish: {
      readonly cost: number;
      readonly waiter: string;
      readonly napMsMax: number;
      readonly arrivalMs: number;
    },
  ): Promise<{ readonly granted: boolean; readonly waitMs: number; readonly bucket: SharedBucket }>;
  leave(at: BucketPlace, waiter: string): Promise<SharedBucket>;
  read(at: BucketPlace): Promise<SharedBucket>;
  refund(at: BucketPlace, cost: number): Promise<SharedBucket>;
  observe(at: BucketPlace, seen: SeenQuota): Promise<SharedBucket>;
  hold(at: BucketPlace, waitMs: number, tokens: "empty" | "keep", arrivalMs: number): Promise<SharedBucket>;
}

export interface WatchedStore {
  /** The step's answer, or undefined while the store is away. Never throws. */
  attempt<Answer>(step: (store: BucketStore) => Promise<Answer>): Promise<Answer | undefined>;
}

/** While it is away it is asked this often; everybody else goes on at once without it. */
const tryEveryMs = 1_000;

/** Notices that the store went away and came back, and says each once for the whole process. */
export const watchStore = (store: BucketStore, { clock, log }: { readonly clock: Clock; readonly log: Log }) => {
  let isAway = false;
  let nextTryMs = 0;
  return {
    async attempt<Answer>(step: (store: BucketStore) => Promise<Answer>): Promise<Answer | undefined> {
      if (isAway && clock.monotonicMs() < nextTryMs) return undefined;
      // One asks; the others do not wait for its answer.
      nextTryMs = clock.monotonicMs() + tryEveryMs;
      try {
        const answer = await step(store);
        if (isAway) log.info({}, "quotas are shared with the other processes again");
        isAway = false;
        return answer;
      } catch (error) {
        if (!isAway)
          log.warn(
            { err: (error as Error).message },
            "quotas cannot be shared just now: this process keeps to its part of them",
          );
        isAway = true;
        nextTryMs = clock.monotonicMs() + tryEveryMs;
        return undefined;
      }
    },
  } satisfies WatchedStore;
};
