import pg from "pg";
import { openQueueServer } from "../../src/queue/backend.ts";

/** "Commit → job active": a durable insert, then a job of its own in BullMQ, worked in the same process. */
export type AnchorAsked = {
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly perSecond: number;
  readonly seconds: number;
};
export type AnchorTold = { readonly activeMs: readonly number[] };

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const measure = async ({ postgresUrl, redisUrl, perSecond, seconds }: AnchorAsked): Promise<AnchorTold> => {
  const server = openQueueServer({ kind: "redis", url: redisUrl }, log);
  const name = "bench-anchor";
  const queue = server.openQueue(name);
  const committedMs = new Map<number, number>();
  const activeMs: number[] = [];
  const run = (data: unknown): Promise<undefined> => {
    const index = Number(data);
    activeMs.push(performance.now() - (committedMs.get(index) ?? Number.NaN));
    return Promise.resolve(undefined);
  };
  const worker = server.openWorker(name, run, 50);
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 16 });
  await pool.query("create table if not exists bench_anchor (id bigint, at timestamptz default now())");
  await queue.waitUntilReady();
  await worker.waitUntilReady();
  const send = async (index: number): Promise<void> => {
    await pool.query("insert into bench_anchor (id) values ($1)", [index]);
    committedMs.set(index, performance.now());
    await queue.add(name, index);
  };
  const count = Math.round(perSecond * seconds);
  const sent: Promise<void>[] = [];
  const startMs = performance.now();
  for (let index = 0; index < count; ) {
    if (startMs + (index * 1_000) / perSecond > performance.now()) await sleep(1);
    else sent.push(send(index++));
  }
  await Promise.all(sent);
  while (activeMs.length < count) await sleep(5);
  await worker.close();
  await queue.close();
  await server.close();
  await pool.end();
  return { activeMs };
};

process.on("message", (asked: AnchorAsked) => {
  void measure(asked).then((told) => process.send?.(told));
});
process.on("disconnect", () => process.exit(0));
