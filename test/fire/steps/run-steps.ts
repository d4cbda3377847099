import { systemClock, toIso } from "../../../src/core/clock.ts";
import { canonicalJson } from "../../../src/core/digest.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { type Db, openDb } from "../../../src/db/pool.ts";
import { dueReservations } from "../../../src/ledger/due-reservations.ts";
import { laneLimits } from "../../../src/ledger/lane.ts";
import { createLedger } from "../../../src/ledger/ledger.ts";
import { upsertLocations } from "../../../src/ledger/queries.ts";
import { brokenInvariants, type CampaignReport, type FireDatabase, type Tell } from "../campaign.ts";
import { levelRowsIn, levelRowsOf } from "../level-rows.ts";
import { PlainLedger } from "../model/plain-ledger.ts";
import { takeClock } from "../model/take-clock.ts";
import { type Action, actions, farMonth, setUp, skusOf, type World } from "./actions.ts";
import { interleavings, runPair } from "./pair.ts";

export type StepsOptions = {
  readonly seed: number;
  /** Of all pairs and interleavings, so many out of a hundred, drawn. */
  readonly percent: number;
  /** Only pairs with a type whose name contains it. */
  readonly only: string;
};

const startMs = Date.parse("2026-11-25T00:00:00.000Z");

const plain = (text: string): string =>
  canonicalJson((JSON.parse(text) as readonly object[]).map((answer) => ({ ...answer, detail: undefined })));

type Ending = { readonly answers: readonly [string, string]; readonly levels: string };

/** What the two would do one after the other, in either order. */
const serialEndings = (world: World, pair: readonly [Action, Action], nowMs: number): readonly Ending[] =>
  (["ab", "ba"] as const).map((order) => {
    const model = new PlainLedger(["main", "shop"], nowMs);
    for (const command of setUp(world)) model.apply(command);
    model.nowMs += 5_000;
    const given = { a: "", b: "" };
    for (const side of order === "ab" ? (["a", "b"] as const) : (["b", "a"] as const)) {
      const action = side === "a" ? pair[0] : pair[1];
      given[side] = canonicalJson(action.commands(world, side).map((command) => model.apply(command)));
    }
    return { answers: [given.a, given.b], levels: levelRowsOf(model) };
  });

/**
 * Two real sessions for every pair of transaction types, advanced statement by statement in every interleaving. Each pair
 * must end as if one had come after the other: both answers and all levels. Deadlocks must not happen at all, and the
 * ledger's invariants hold in the end.
 */
export const runSteps = async (
  { db, url }: FireDatabase,
  { seed, percent, only }: StepsOptions,
  tell: Tell,
): Promise<CampaignReport> => {
  const random = seededRandom(seed);
  await upsertLocations(
    db,
    ["main", "shop"].map((id) => ({ id, name: id })),
  );
  const setClock = await takeClock(db);
  await db.pool.query(`alter database ${new URL(url).pathname.slice(1)} set deadlock_timeout = '100ms'`);
  const openSession = (name: string): Db =>
    openDb({ url, connectionsMax: 1, applicationName: `fire-${name}`, onIdleError: () => undefined });
  const dbs = [openSession("a"), openSession("b")] as const;
  const observer = openSession("observer");
  // The clock stands where it is put: nothing with an end may be decided by another.
  const limits = { ...laneLimits, clockSlackMs: 0 };
  const ledger = createLedger({ db, clock: systemClock, random, afterCommit: () => undefined }, limits);
  const faults: string[] = [];
  let nowMs = startMs;
  let runs = 0;
  let blocked = 0;
  const deadlocksBefore = await deadlocksOf(db, url);
  const pairs = actions
    .flatMap((a, index) => actions.slice(index).map((b) => [a, b] as const))
    .filter((pair) => pair.some(({ name }) => name.includes(only)));
  try {
    for (const [number, pair] of pairs.entries()) {
      const [a, b] = pair;
      const chosen = interleavings.filter(() => random() * 100 < percent);
      const worlds = chosen.map((order, index) => ({ order, n: number * interleavings.length + index }));
      await setClock(toIso((nowMs += 10_000)));
      const stages = worlds.map((world) => setUp(world));
      for (const stage of (stages[0] ?? []).keys()) {
        await Promise.all(
          stages.flatMap((commands) => commands.slice(stage, stage + 1)).map((one) => ledger.submit(one)),
        );
      }
      await setClock(toIso(nowMs + 5_000));
      for (const world of worlds) {
        const { outcomes, blocked: times } = await runPair(
          dbs,
          observer,
          [(on) => a.run(on, world, "a"), (on) => b.run(on, world, "b")],
          world.order,
        );
        runs += 1;
        await db.pool.query(`drop table if exists movement_${farMonth.replace("-", "_")}`);
        blocked += times;
        const where = `${a.name} × ${b.name}, ${world.order}`;
        const texts = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [plain(outcome.value)] : []));
        for (const outcome of outcomes)
          if (outcome.status === "rejected") faults.push(`${where}: ${String(outcome.reason)}`);
        const levels = await levelRowsIn(db, skusOf(world));
        const endings = serialEndings(world, pair, nowMs);
        const found = JSON.stringify({ answers: texts, levels });
        if (texts.length === 2 && !endings.some((ending) => JSON.stringify(ending) === found)) {
          faults.push(`${where}: ended as neither order does: ${found}; ${JSON.stringify(endings)}`);
        }
      }
      if (number % 50 === 49) tell(`${number + 1}/${pairs.length} pairs, ${runs} runs, ${faults.length} faults`);
    }
    const due = await dueReservations(db, 100_000);
    await Promise.all(
      due.map(({ id, expiresAt }) =>
        ledger.submit({ kind: "expire", key: `end/${id}`, reservationId: id, actor: "steps", occurredAt: expiresAt }),
      ),
    );
    faults.push(...(await brokenInvariants(db)));
  } finally {
    await Promise.all([...dbs, observer].map((one) => one.close()));
  }
  const deadlocks = (await deadlocksOf(db, url)) - deadlocksBefore;
  if (deadlocks > 0) faults.push(`${deadlocks} deadlocks`);
  return { name: "steps", faults, figures: { types: actions.length, pairs: pairs.length, runs, blocked, deadlocks } };
};

const deadlocksOf = async (db: Db, url: string): Promise<number> => {
  await db.pool.query("select pg_stat_force_next_flush()");
  const { rows } = await db.pool.query<{ n: number }>(
    "select deadlocks as n from pg_stat_database where datname = $1",
    [new URL(url).pathname.slice(1)],
  );
  return Number(rows[0]?.n ?? 0);
};
