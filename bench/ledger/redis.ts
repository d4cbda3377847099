import { Redis, type Result } from "ioredis";
import { allSkus, type Contestant, stockUnits } from "./contestant.ts";

const script = `
local known = redis.call('get', KEYS[1])
if known then return known end
local units = tonumber(ARGV[1])
if tonumber(redis.call('get', KEYS[2]) or '0') < units then return 'refused' end
redis.call('decrby', KEYS[2], units)
redis.call('set', KEYS[1], 'reserved')
return 'reserved'`;

declare module "ioredis" {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- ioredis is extended by merging
  interface RedisCommander<Context> {
    reserveOne(key: string, sku: string, units: number): Result<string, Context>;
  }
}

const levelKey = (sku: string): string => `level:${sku}`;

/** A counter in memory with an idempotency key, by Lua, without a log on disk: fast, and gone with the power. */
export const openRedis = async (url: string): Promise<Contestant> => {
  const redis = new Redis(url, { maxRetriesPerRequest: 3 });
  redis.defineCommand("reserveOne", { numberOfKeys: 2, lua: script });
  await redis.config("SET", "appendonly", "no");
  return {
    name: "redis",
    begin: async () => {
      await redis.flushdb("ASYNC");
      await redis.mset(allSkus.flatMap((sku) => [levelKey(sku), stockUnits]));
    },
    reserve: async ({ key, sku }) => {
      if ((await redis.reserveOne(key, levelKey(sku), 1)) !== "reserved") throw new Error("refused");
      return true;
    },
    sums: async () => {
      const left = await redis.mget(allSkus.map(levelKey));
      const levels = left.reduce((sum, units) => sum + stockUnits - Number(units), 0);
      // The key is the reservation and its only record.
      const keys = (await redis.dbsize()) - allSkus.length;
      return { levels, reservations: keys, movements: keys, keys };
    },
    close: async () => {
      await redis.quit();
    },
  };
};
