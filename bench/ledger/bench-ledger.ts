import pg from "pg";
import { runLoad } from "../harness.ts";
import type { BenchServers } from "../servers.ts";
import { type Case, type CaseResult, type CaseSettings, runCase, type Shape } from "./cases.ts";
import type { Contestant } from "./contestant.ts";
import { type GoalResult, judge } from "./goals.ts";
import { openHttp } from "./http.ts";
import { openNaive, openOneCall } from "./opponents.ts";
import { openOurs } from "./ours.ts";
import { openRedis } from "./redis.ts";
import { openSealed } from "./sealed.ts";

export type LedgerReport = {
  readonly cases: readonly CaseResult[];
  readonly goals: readonly GoalResult[];
  /** What could not be measured here, and why. */
  readonly leftOut: readonly string[];
};
type Options = CaseSettings & {
  /** Part of a case's name; "" for all. */
  readonly only: string;
  readonly tell: (line: string) => void;
};

const shapes: readonly Shape[] = ["hot", "10k"];
const callerCounts = [64, 1, 500, 2_000];
const cases: readonly Case[] = callerCounts.flatMap((callers) =>
  shapes.map((shape) => ({ name: `${shape}@${callers}`, shape, callers })),
);
/** Twice the ledger's largest batch: while one commits, the next is full. */
const slowDisk: Case = { name: "slow-disk@1000", shape: "hot", callers: 1_000 };

/** The log is sealed beside it, or not. */
const sealing: Case = { name: "log@64", shape: "hot", callers: 64 };
const throughHttp: Case = { name: "http@64", shape: "hot", callers: 64 };

/** Code is compiled and connections opened before anything counts. */
const warmUp = async (contestants: readonly Contestant[]): Promise<void> => {
  for (const contestant of contestants) {
    await contestant.begin();
    await runLoad({ callers: 64, seconds: 0.3 }, async (index, isOver) => ({
      taken: await contestant.reserve({ key: `warm-${performance.now()}/${index}`, sku: "hot" }, isOver),
    }));
  }
};

const tellOf = (result: CaseResult): string => {
  const rates = Object.entries(result.contestants).map(([name, one]) => {
    const { reservationsPerSecond, p50Ms, p99Ms } = one;
    return `${name} ${Math.round(reservationsPerSecond.median)}/s p50 ${p50Ms.median} p99 ${p99Ms.median} ms`;
  });
  const ratios = Object.entries(result.ratios).map(([name, one]) => `${one.min}/${one.median}/${one.max} × ${name}`);
  return `${result.name}: ${rates.join("; ")}; ${ratios.join(", ")} (${result.voidRounds} rounds void, ${result.noisyRounds} noisy)`;
};

const withContestants = async <Result>(
  opening: readonly Promise<Contestant>[],
  work: (contestants: readonly Contestant[]) => Promise<Result>,
): Promise<Result> => {
  const contestants = await Promise.all(opening);
  try {
    await warmUp(contestants);
    return await work(contestants);
  } finally {
    await Promise.all(contestants.map((contestant) => contestant.close()));
  }
};

/** New sessions of the database flush as on a disk that takes 1.15 ms. */
const setSlowDisk = async (url: string, isSlow: boolean): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const name = client.escapeIdentifier(client.database ?? "");
  for (const [setting, value] of [
    ["commit_delay", 1_000],
    ["commit_siblings", 0],
  ]) {
    await client.query(`alter database ${name} ${isSlow ? `set ${setting} = ${value}` : `reset ${setting}`}`);
  }
  await client.end();
};

export const benchLedger = async (servers: BenchServers, options: Options): Promise<LedgerReport> => {
  const { postgresUrl, redisUrl } = servers;
  const { only, tell } = options;
  const results: CaseResult[] = [];
  const add = (result: CaseResult): void => {
    results.push(result);
    tell(tellOf(result));
  };
  const chosen = cases.filter(({ name }) => name.includes(only));
  if (chosen.length > 0) {
    const redis = redisUrl === undefined ? [] : [openRedis(redisUrl)];
    await withContestants(
      [openOurs(postgresUrl), openNaive(postgresUrl), openOneCall(postgresUrl), ...redis],
      async (all) => {
        for (const one of chosen) add(await runCase(one, all, options));
      },
    );
  }
  if (slowDisk.name.includes(only)) {
    await setSlowDisk(postgresUrl, true);
    await withContestants([openOurs(postgresUrl), openOneCall(postgresUrl)], async (all) => {
      // Its connections are what bounds it: more callers than connections would only wait.
      add(await runCase(slowDisk, all, options, { "one-call": 64 }));
    });
    await setSlowDisk(postgresUrl, false);
  }
  if (sealing.name.includes(only)) {
    await withContestants([openSealed(postgresUrl), openOurs(postgresUrl)], async (all) => {
      add(await runCase(sealing, all, options));
    });
  }
  if (throughHttp.name.includes(only)) {
    const [reserving, constant] = await openHttp(servers);
    await withContestants([Promise.resolve(reserving), Promise.resolve(constant)], async (all) => {
      add(await runCase(throughHttp, all, options));
    });
  }
  const leftOut = redisUrl === undefined ? [`Redis: ${servers.redis}`] : [];
  return { cases: results, goals: judge(results), leftOut };
};
