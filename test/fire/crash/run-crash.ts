import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { systemClock, toIso } from "../../../src/core/clock.ts";
import { canonicalJson } from "../../../src/core/digest.ts";
import { seededRandom } from "../../../src/core/random.ts";
import type { Db } from "../../../src/db/pool.ts";
import { createLane } from "../../../src/ledger/lane.ts";
import { upsertLocations } from "../../../src/ledger/queries.ts";
import { brokenInvariants, type CampaignReport, type FireDatabase, type Tell } from "../campaign.ts";
import { levelRowsIn, levelRowsOf } from "../level-rows.ts";
import { PlainLedger } from "../model/plain-ledger.ts";
import { takeClock } from "../model/take-clock.ts";
import { setUp, skusOf, type World } from "../steps/actions.ts";
import { batchOf } from "./batch.ts";
import { cutConnection, points, struckDb } from "./points.ts";

export type CrashOptions = {
  /** Besides cutting connections: real processes that kill themselves at each point. */
  readonly kills: boolean;
};

/** Once is mended by the lane itself; five times it gives up, and the caller asks again. */
const strikes = [1, 5];

const laneOn = (db: Db) => {
  // No waiting between a lane's tries: what it waits for here is nothing.
  const clock = { ...systemClock, sleep: () => Promise.resolve() };
  return createLane({ db, clock, random: seededRandom(1), afterCommit: () => undefined });
};
const submitAll = (db: Db, commands: ReturnType<typeof batchOf>): Promise<readonly string[]> => {
  const lane = laneOn(db);
  return Promise.all(commands.map((command) => lane.submit(command, "crash")));
};

/**
 * A batch of commands of every kind, struck at every point of its transaction: the connection is cut, or the process is
 * killed. Then the same batch is sent again under the same keys, twice: the answers and the levels must be those of one
 * effect, whatever had become of the first.
 */
export const runCrash = async (
  { db, url }: FireDatabase,
  { kills }: CrashOptions,
  tell: Tell,
): Promise<CampaignReport> => {
  await upsertLocations(
    db,
    ["main", "shop"].map((id) => ({ id, name: id })),
  );
  const setClock = await takeClock(db);
  const faults: string[] = [];
  const found = { notDone: 0, done: 0, mendedByTheLane: 0 };
  let nowMs = Date.parse("2026-11-25T00:00:00.000Z");
  let n = 0;

  const strikeOnce = async (
    name: string,
    strike: (world: World) => Promise<"answered" | "given up" | "killed">,
  ): Promise<void> => {
    const world = { n: (n += 1) };
    nowMs += 10_000;
    await setClock(toIso(nowMs));
    await submitAll(db, setUp(world));
    await setClock(toIso(nowMs + 5_000));
    const model = new PlainLedger(["main", "shop"], nowMs);
    for (const command of setUp(world)) model.apply(command);
    model.nowMs += 5_000;
    const commands = batchOf(world);
    const expected = commands.map((command) => canonicalJson(model.apply(command)));

    const outcome = await strike(world);
    const { rowCount } = await db.pool.query("select from ledger_command where key = any($1)", [
      commands.map(({ key }) => key),
    ]);
    if (outcome === "answered") found.mendedByTheLane += 1;
    else if (rowCount === 0) found.notDone += 1;
    else found.done += 1;
    const [first, second] = [await submitAll(db, commands), await submitAll(db, commands)];
    for (const [index, text] of first.entries()) {
      const { detail: _detail, ...answer } = JSON.parse(text) as { readonly detail?: string };
      if (canonicalJson(answer) !== expected[index])
        faults.push(`${name}: ${JSON.stringify(commands[index])} was answered ${text}, not ${expected[index]}`);
      if (second[index] !== text) faults.push(`${name}: ${commands[index]?.key} got two answers`);
    }
    const [levels, should] = [await levelRowsIn(db, skusOf(world)), levelRowsOf(model)];
    if (levels !== should) faults.push(`${name}: levels are ${levels}, should be ${should}`);
    tell(`${name}: ${outcome}, ${rowCount} of ${commands.length} keys were there; sent again, one effect`);
  };

  for (const [index, point] of points.entries()) {
    for (const times of strikes) {
      await strikeOnce(`connection cut ${point.when} ${point.statement}, ${times}×`, async (world) => {
        try {
          await submitAll(struckDb(db, point, times, cutConnection), batchOf(world));
          return "answered";
        } catch {
          return "given up";
        }
      });
    }
    if (!kills) continue;
    await strikeOnce(`process killed ${point.when} ${point.statement}`, async ({ n: number }) => {
      const script = fileURLToPath(new URL("victim.ts", import.meta.url));
      const child = spawn(process.execPath, [script, url, String(index), String(number)], { stdio: "inherit" });
      const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
      if (signal !== "SIGKILL") throw new Error(`the victim ended by itself, with ${code}`);
      return "killed";
    });
  }
  faults.push(...(await brokenInvariants(db)));
  return { name: "crash", faults, figures: { struck: n, commandsEach: batchOf({ n: 0 }).length, ...found } };
};
