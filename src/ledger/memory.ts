import { type Level, levelKey } from "./state.ts";

/**
 * What a process last knew of levels: they are as its own writes left them, unless somebody else wrote since. Only ever a
 * guess; the database holds it against what is there before anything is written.
 */
export interface LevelMemory {
  get(key: string): Level | undefined;
  keep(levels: Iterable<Level>): void;
  forget(levels: Iterable<Level>): void;
  /** The database's clock by its last word, in epoch milliseconds; undefined before it spoke. */
  clockAt(monotonicMs: number): number | undefined;
  /** The database's clock (ISO) as of this moment of ours. */
  hear(clockAt: string, monotonicMs: number): void;
}

/** About 10 MB; beyond it all is forgotten, and known again as it is used. */
const levelsMax = 50_000;

export const createLevelMemory = (): LevelMemory => {
  const levels = new Map<string, Level>();
  let aheadMs: number | undefined;
  return {
    get: (key) => levels.get(key),
    keep: (kept) => {
      if (levels.size > levelsMax) levels.clear();
      for (const level of kept) {
        const key = levelKey(level.sku, level.locationId);
        // Answers of two connections may come in the other order.
        if ((levels.get(key)?.version ?? 0) <= level.version) levels.set(key, level);
      }
    },
    forget: (forgotten) => {
      for (const { sku, locationId } of forgotten) levels.delete(levelKey(sku, locationId));
    },
    clockAt: (monotonicMs) => (aheadMs === undefined ? undefined : Math.floor(aheadMs + monotonicMs)),
    hear: (clockAt, monotonicMs) => {
      aheadMs = Date.parse(clockAt) - monotonicMs;
    },
  };
};
