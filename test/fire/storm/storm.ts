import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/core/clock.ts";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import { seededRandom } from "../../../src/core/random.ts";
import type { Db } from "../../../src/db/pool.ts";
import { createLedger, type Ledger } from "../../../src/ledger/ledger.ts";
import { upsertLocations } from "../../../src/ledger/queries.ts";
import { brokenInvariants, type CampaignReport, type FireDatabase, type Tell } from "../campaign.ts";
import { startClient } from "./processes.ts";
import { killMidway, readNotes, type StormClient, shootBackends } from "./strike.ts";
import { keyOf, reserveOf, skuOf } from "./wire.ts";

export type StormOptions = {
  readonly rounds: number;
  readonly seed: number;
  /** Every so many rounds a Postgres backend is killed with -9, which takes the whole server down; 0: never. */
  readonly crashEvery: number;
};

const processes = 4;
const asksPerProcess = 100;
const units = 100;
const batchSizes = [3, 10, 40, 500];
const sleep = (delayMs: number): Promise<void> => systemClock.sleep(delayMs);

/** The database may be in recovery: ask until it answers. */
const patiently = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= 200) throw error;
      await sleep(50);
    }
  }
};

const figuresOf = async (db: Db, round: number) => {
  const text = `
    select s.reserved::int as level,
           (select count(*)::int from reservation where id like $2 and state = 'held') as reservations,
           (select coalesce(sum(d_reserved), 0)::int from movement m where m.sku = s.sku) as movements
      from stock_level s where s.sku = $1`;
  const { rows } = await db.pool.query(text, [skuOf(round), `storm-${round}-%`]);
  return rows[0] as { level: number; reservations: number; movements: number };
};

const isDone = (answer: string): boolean => (JSON.parse(answer) as { status: string }).status === "done";

/**
 * In each round 400 reserves of one unit meet 100 units of one SKU, from four processes; one of these is killed and
 * backends are ended meanwhile. Held must be whatever was acknowledged, never more than 100; and exactly 100 when everybody
 * has asked again under the same key, each with the answer that was given before.
 */
export const storm = async (
  { db, url }: FireDatabase,
  { rounds, seed, crashEvery }: StormOptions,
  tell: Tell,
): Promise<CampaignReport> => {
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), "lockstep-storm-"));
  const deps = { db, clock: systemClock, random: seededRandom(seed + 1), afterCommit: () => undefined };
  const ledger: Ledger = createLedger(deps);
  await upsertLocations(db, [{ id: "main", name: "Main" }]);
  let started = 0;
  const start = async (): Promise<StormClient> => {
    const notes = join(folder, `notes-${(started += 1)}`);
    appendFileSync(notes, "");
    return { ...(await patiently(() => startClient(url, notes))), notes };
  };
  const clients = await Promise.all(Array.from({ length: processes }, start));
  const faults: string[] = [];
  const sum = {
    acknowledged: 0,
    lostAnswers: 0,
    heldBeforeRetry: [] as number[],
    shot: 0,
    crashes: 0,
    killedMidway: 0,
  };

  const roundOf = async (round: number): Promise<void> => {
    const receive = {
      kind: "receive",
      key: `storm/${round}`,
      actor: "storm",
      occurredAt: "2026-11-01T00:00:00.000Z",
    } as const;
    const place = { sku: Sku.parse(skuOf(round)), locationId: LocationId.parse("main") };
    await patiently(() => ledger.submit({ ...receive, ...place, units, reason: null }));
    const crash = crashEvery > 0 && round % crashEvery === crashEvery - 1;
    const victim = Math.floor(random() * processes);
    const files = clients.map((client) => client.notes);
    const storms = clients.map((client, index) =>
      client.storm({
        round,
        from: index * asksPerProcess,
        count: asksPerProcess,
        batchMax: batchSizes[(round + index) % 4] ?? 500,
      }),
    );
    const [shot] = await Promise.all([
      shootBackends(db, random, crash).catch(() => 0),
      killMidway(clients[victim] as StormClient, storms[victim] as Promise<void>, random),
      ...storms,
    ]);
    sum.shot += shot;
    sum.crashes += crash ? 1 : 0;

    const before = await patiently(() => figuresOf(db, round));
    const notes = readNotes(files).filter(({ key }) => key.startsWith(`storm/${round}/`));
    const given = new Map(notes.flatMap(({ key, answer }) => (answer === null ? [] : [[key, answer] as const])));
    const ofVictim = [...given.keys()].filter(
      (key) => Math.floor(Number(key.split("/")[2]) / asksPerProcess) === victim,
    ).length;
    if (ofVictim > 0 && ofVictim < asksPerProcess) sum.killedMidway += 1;
    const told = [...given.values()].filter(isDone).length;
    sum.acknowledged += given.size;
    sum.lostAnswers += processes * asksPerProcess - given.size;
    sum.heldBeforeRetry.push(before.level);
    if (before.level > units) faults.push(`round ${round}: ${before.level} held of ${units}`);
    if (told > before.level) faults.push(`round ${round}: ${told} were told they hold a unit, ${before.level} do`);
    const stored = await patiently(() =>
      db.pool.query<{ key: string; answer: string }>("select key, answer from ledger_command where key = any($1)", [
        [...given.keys()],
      ]),
    );
    const inJournal = new Map(stored.rows.map(({ key, answer }) => [key, answer]));
    for (const [key, answer] of given) {
      if (inJournal.get(key) !== answer) faults.push(`round ${round}: the answer to ${key} is not in the journal`);
    }

    for (let index = 0; index < processes * asksPerProcess; index += asksPerProcess) {
      const asked = Array.from({ length: asksPerProcess }, (_, offset) => index + offset);
      const answers = await patiently(() => Promise.all(asked.map((n) => ledger.submitText(reserveOf(round, n)))));
      for (const [offset, answer] of answers.entries()) {
        const earlier = given.get(keyOf(round, index + offset));
        if (earlier !== undefined && earlier !== answer)
          faults.push(`round ${round}: ${keyOf(round, index + offset)} got two answers`);
      }
    }
    const after = await figuresOf(db, round);
    if (Object.values(after).some((count) => count !== units))
      faults.push(`round ${round}: after retries ${JSON.stringify(after)}, not ${units}`);
    clients[victim] = await start();
    tell(
      `round ${round + 1}/${rounds}: ${told} told, ${before.level} held, ${after.level} after retries${crash ? "; server crashed" : ""}`,
    );
  };

  try {
    for (let round = 0; round < rounds; round += 1) await roundOf(round);
    faults.push(...(await brokenInvariants(db)));
  } finally {
    await Promise.all(clients.map((client) => client.end()));
    rmSync(folder, { recursive: true, force: true });
  }
  const { heldBeforeRetry, ...figures } = sum;
  return {
    name: "storm",
    faults,
    figures: {
      rounds,
      reserves: rounds * processes * asksPerProcess,
      unitsSold: rounds * units,
      ...figures,
      heldBeforeRetryLeast: Math.min(...heldBeforeRetry),
      heldBeforeRetryMost: Math.max(...heldBeforeRetry),
    },
  };
};
