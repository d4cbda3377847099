import { readFileSync, statSync } from "node:fs";
import { systemClock } from "../../../src/core/clock.ts";
import type { Random } from "../../../src/core/random.ts";
import type { Db } from "../../../src/db/pool.ts";
import type { Client } from "./processes.ts";
import { clientName, type Note } from "./wire.ts";

const sleep = (delayMs: number): Promise<void> => systemClock.sleep(delayMs);

const backendsOf = async (db: Db): Promise<readonly number[]> => {
  const text = "select pid from pg_stat_activity where application_name = $1 and datname = current_database()";
  const { rows } = await db.pool.query<{ pid: number }>(text, [clientName]);
  return rows.map(({ pid }) => pid);
};

/** Ends backends of the clients while they work: politely several times, or one with -9. */
export const shootBackends = async (db: Db, random: Random, crash: boolean): Promise<number> => {
  let shot = 0;
  for (let turn = 0; turn < (crash ? 1 : 4); turn += 1) {
    await sleep(random() * 15);
    const pids = await backendsOf(db);
    const pid = pids[Math.floor(random() * pids.length)];
    if (pid === undefined) continue;
    if (crash) process.kill(pid, "SIGKILL");
    else await db.pool.query("select pg_terminate_backend($1)", [pid]);
    shot += 1;
  }
  return shot;
};

export type StormClient = Client & { readonly notes: string };

/** kill -9, every other time within 40 ms, else when it has noted some answers of this round. */
export const killMidway = async (client: StormClient, done: Promise<void>, random: Random): Promise<void> => {
  const bytesBefore = statSync(client.notes).size;
  const bytesMax = random() < 0.5 ? 0 : 30_000 * random();
  const over = done.then(() => true);
  const isOver = (): Promise<boolean> => Promise.race([over, sleep(1).then(() => false)]);
  if (bytesMax === 0) await sleep(random() * 40);
  while (statSync(client.notes).size - bytesBefore < bytesMax && !(await isOver()));
  await client.kill();
};

export const readNotes = (files: readonly string[]): readonly Note[] =>
  files
    .flatMap((file) => readFileSync(file, "utf8").split("\n"))
    // The last line of a killed process may be torn: then nothing was acknowledged.
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Note];
      } catch {
        return [];
      }
    });
