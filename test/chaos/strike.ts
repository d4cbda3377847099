import type { Channel } from "../../src/connectors/connector.ts";
import { channels } from "../../src/connectors/connector.ts";
import { seededRandom } from "../../src/core/random.ts";
import type { Daemon } from "./daemons.ts";
import type { FaultType, PlannedFault } from "./faults.ts";
import type { LinkState } from "./proxy.ts";
import { tellRedis } from "./servers.ts";
import { sleep } from "./sleep.ts";
import { type LinkName, linkNames, type Stage } from "./stage.ts";

/** A fault in force: `end` mends what was done, and returns when it is mended. */
export type Struck = { readonly what: string; end(): Promise<void> };

type Strike = (stage: Stage, fault: PlannedFault) => Promise<Struck>;

const pick = <Item>(items: readonly Item[], draw: number): Item =>
  items[Math.min(items.length - 1, Math.floor(draw * items.length))] as Item;

const killed =
  (choose: (stage: Stage, draw: number) => readonly Daemon[]): Strike =>
  async (stage, { draw }) => {
    const daemons = choose(stage, draw);
    await Promise.all(daemons.map((daemon) => daemon.kill()));
    return {
      what: daemons.map(({ name }) => name).join(", "),
      end: async () => {
        for (const daemon of daemons) daemon.start();
      },
    };
  };

const frozen: Strike = async ({ daemons }, { draw }) => {
  const worker = pick(daemons.workers, draw);
  worker.freeze();
  return { what: worker.name, end: async () => worker.thaw() };
};

const linked =
  (names: readonly LinkName[], stateOf: (draw: number) => LinkState, forgetting = false): Strike =>
  async ({ links }, { draw }) => {
    const name = pick(names, draw);
    links[name].set(stateOf(draw));
    return { what: `link to ${name}`, end: async () => links[name].set({ kind: "open" }, forgetting) };
  };

const silent = (): LinkState => ({ kind: "silent" });
const refusing = (): LinkState => ({ kind: "refusing" });
const slow =
  (maxMs: number) =>
  (draw: number): LinkState => ({ kind: "slow", delayMs: Math.round(maxMs * (0.3 + 0.7 * draw)) });
const cutting =
  (bytesMax: number) =>
  (draw: number): LinkState => {
    const random = seededRandom(Math.floor(draw * 2 ** 31));
    return { kind: "cutting", bytesMax: () => Math.floor(random() * bytesMax) };
  };
const channelLinks: readonly LinkName[] = linkNames.filter((name) => !["postgres", "redis", "web"].includes(name));

/** What the simulators do of themselves, on all channels at once. */
const unreliable =
  (plan: Readonly<Record<string, number | readonly [number, number]>>): Strike =>
  async ({ controls }) => {
    const each = (work: (channel: Channel) => Promise<unknown>): Promise<unknown> => Promise.all(channels.map(work));
    await each((channel) => controls[channel].faults("none", plan));
    return {
      what: Object.keys(plan).join(", "),
      end: async () => {
        await each((channel) => controls[channel].faults("none"));
      },
    };
  };

const restarted =
  (signal: NodeJS.Signals): Strike =>
  async ({ postgres }) => {
    await postgres.down(signal);
    return { what: `postgres, ${signal}`, end: () => postgres.up() };
  };

/** Again and again while it lasts: `strike` every `everyMs`. */
const repeated =
  (what: string, everyMs: number, strike: (stage: Stage) => Promise<unknown>): Strike =>
  async (stage) => {
    const over = new AbortController();
    const going = (async () => {
      while (!over.signal.aborted) {
        // A server that is away just now cannot be struck either.
        await strike(stage).catch(() => undefined);
        await sleep(everyMs, over.signal).catch(() => undefined);
      }
    })();
    return {
      what,
      end: async () => {
        over.abort(new Error("over"));
        await going;
      },
    };
  };

const backendsEnded = `
  select pg_terminate_backend(pid) from pg_stat_activity
   where datname = current_database() and pid <> pg_backend_pid() and application_name like 'lockstep%'`;

const strikes: Readonly<Record<FaultType, Strike>> = {
  "nothing-at-all": () => Promise.resolve({ what: "control", end: () => Promise.resolve() }),
  "web-killed": killed(({ daemons }) => [daemons.web]),
  "worker-killed": killed(({ daemons }, draw) => [pick(daemons.workers, draw)]),
  "scheduler-killed": killed(({ daemons }) => [daemons.scheduler]),
  "all-roles-killed": killed(({ daemons }) => [daemons.web, ...daemons.workers, daemons.scheduler]),
  "worker-frozen": frozen,
  "worker-frozen-past-lease": frozen,
  "redis-flushed": repeated("FLUSHALL", 400, ({ redis }) => tellRedis(redis, "FLUSHALL")),
  "redis-killed": async ({ redis }) => {
    await redis.down("SIGKILL");
    return { what: "redis, SIGKILL", end: () => redis.up() };
  },
  "postgres-restarted": restarted("SIGINT"),
  "postgres-crashed": restarted("SIGQUIT"),
  "postgres-backends-ended": repeated("every backend", 300, ({ db }) => db.pool.query(backendsEnded)),
  "postgres-slow": linked(["postgres"], slow(60)),
  "postgres-silent": linked(["postgres"], silent),
  "postgres-forgotten": linked(["postgres"], silent, true),
  "postgres-refusing": linked(["postgres"], refusing),
  "postgres-cut": linked(["postgres"], cutting(3_000)),
  "redis-slow": linked(["redis"], slow(200)),
  "redis-silent": linked(["redis"], silent),
  "redis-forgotten": linked(["redis"], silent, true),
  "redis-refusing": linked(["redis"], refusing),
  "channel-slow": linked(channelLinks, slow(1_500)),
  "channel-silent": linked(channelLinks, silent),
  "channel-refusing": linked(channelLinks, refusing),
  "channel-cut": linked(channelLinks, cutting(400)),
  "web-refusing": linked(["web"], refusing),
  "channels-throttle": unreliable({ throttleShare: 0.6 }),
  "channels-fail": unreliable({ serverErrorShare: 0.6 }),
  "replies-lost": unreliable({ replyLostShare: 0.5 }),
  "webhooks-lost": unreliable({ messageDropShare: 1 }),
  "webhooks-doubled": unreliable({ messageDuplicateShare: 1, messageDelayMs: [0, 2_500] }),
  "writes-ignored": unreliable({ acceptedNotAppliedShare: 0.4 }),
};

/** Begins a fault. It lasts until its `end` is called. */
export const strike = (stage: Stage, fault: PlannedFault): Promise<Struck> => strikes[fault.type](stage, fault);
