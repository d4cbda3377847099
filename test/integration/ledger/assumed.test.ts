import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { type Random, seededRandom } from "../../../src/core/random.ts";
import type { Db } from "../../../src/db/pool.ts";
import type { Answer } from "../../../src/ledger/answers.ts";
import { checkLedger } from "../../../src/ledger/check.ts";
import type { Command } from "../../../src/ledger/commands.ts";
import { createLane, type Lane } from "../../../src/ledger/lane.ts";
import { createLedger } from "../../../src/ledger/ledger.ts";
import { levelsOf, upsertLocations } from "../../../src/ledger/queries.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { adjust, line, receive, reserve } from "../../support/ledger-commands.ts";

let database: TestDatabase;
const sent = { right: 0, wrong: 0 };
/** So many answers to what was sent ahead get lost on their way. */
let toLose = 0;

/** Counts what was sent ahead, and how much of it was assumed wrongly. */
const countingDb = (): Db => ({
  close: () => Promise.resolve(),
  pool: new Proxy(database.db.pool, {
    get: (pool, name) =>
      name !== "connect"
        ? Reflect.get(pool, name)
        : async () => {
            const client = await pool.connect();
            return new Proxy(client, {
              get: (target, property) => {
                const value: unknown = Reflect.get(target, property);
                if (property !== "query") return typeof value === "function" ? value.bind(target) : value;
                return async (asked: { name?: string; text: string; values?: unknown[] }) => {
                  const isAhead = asked.name === "ledger-write" && asked.values?.[0] === null;
                  try {
                    const result: unknown = await target.query(asked);
                    if (isAhead) sent.right += 1;
                    if (isAhead && toLose > 0) {
                      toLose -= 1;
                      throw new Error("Connection terminated unexpectedly");
                    }
                    return result;
                  } catch (error) {
                    if (isAhead) sent.wrong += 1;
                    throw error;
                  }
                };
              },
            });
          },
  }),
});

let jumpedMs = 0;
/** As if a second had passed since the last batch: one that was assumed wrongly does not keep the next from being tried. */
const clock = { ...systemClock, monotonicMs: () => performance.now() + jumpedMs };
const depsOn = (db: Db) => ({ db, clock, random: seededRandom(1), afterCommit: () => undefined });
/** It remembers nothing, so it locks and looks first. */
const freshLane = (): Lane => createLane(depsOn(database.db));

beforeAll(async () => {
  database = await createTestDatabase();
  await upsertLocations(database.db, [{ id: "main", name: "Main" }]);
});
afterAll(async () => {
  for (const check of await checkLedger(database.db)) expect(check.subjects, check.promise).toEqual([]);
  await database.drop();
});

const asTold = (texts: readonly string[], world: string): readonly string[] =>
  texts.map((text) =>
    text.replaceAll(`${world}/`, "").replace(/"expiresAt":"([^"]+)"/, (_whole, end: string) => {
      const ttlMs = Date.parse(end) - Date.now();
      return `"expiresAt":"in ${Math.round(ttlMs / 1_000)} s"`;
    }),
  );

const pick = (random: Random, below: number): number => Math.floor(random() * below);

/** A batch of reservations of one world: keys and ids that were used before, several lines, too many units, with an end or without. */
const drawBatch = (random: Random, round: number) => {
  const size = 1 + pick(random, 40);
  // Every other batch is without what makes an assumption wrong, so that both ends are reached.
  const odds = random() < 0.5 ? 0 : 0.05;
  const drawn = Array.from({ length: size }, (_, index) => {
    const id = random() < odds ? `r/${pick(random, round + 1)}/0` : `r/${round}/${index}`;
    const skus = [pick(random, 3), pick(random, 3)].slice(0, 1 + pick(random, 2));
    const lines = skus.map((sku) => ({
      sku: random() < odds / 2 ? "never seen" : `sku-${sku}`,
      units: 1 + pick(random, 4),
    }));
    const key = random() < odds ? `k/${pick(random, round + 1)}/0` : `k/${round}/${index}`;
    const mode = random() < 0.3 ? ("partial" as const) : ("all" as const);
    return { id, lines, key, mode, ttlMs: random() < odds ? 600_000 : null };
  });
  return (world: string): readonly Command[] =>
    drawn.map(({ id, lines, key, mode, ttlMs }) => ({
      ...reserve(
        `${world}/${id}`,
        lines.map(({ sku, units }) => line(`${world}/${sku}`, units)),
      ),
      key: `${world}/${key}`,
      mode,
      ttlMs,
    }));
};

test.each([1, 2, 3])("what is decided ahead is decided as under the locks (seed %i)", async (seed) => {
  const random = seededRandom(seed);
  const [ahead, looking] = [`ahead-${seed}`, `looking-${seed}`];
  const lane = createLane(depsOn(countingDb()));
  const before = { ...sent };
  const both = async (commands: (world: string) => readonly Command[], by: Lane): Promise<void> => {
    const inOne = (one: Lane, world: string) =>
      Promise.all(commands(world).map((command) => one.submit(command, "test")));
    const told = await inOne(by, ahead);
    const expected = await inOne(freshLane(), looking);
    expect(asTold(told, ahead)).toEqual(asTold(expected, looking));
  };
  const supply = (round: string) => (world: string) =>
    [0, 1, 2].map((sku) => receive(`${world}/sku-${sku}`, 60, { key: `${world}/supply/${round}/${sku}` }));
  await both(supply("first"), lane);
  for (let round = 0; round < 60; round += 1) {
    jumpedMs += 1_000;
    // Through another lane: what this one remembers is no longer so.
    if (random() < 0.2) await both((world) => [adjust(`${world}/sku-0`, -1, `${world}/adjust/${round}`)], freshLane());
    if (random() < 0.2) await both(supply(`${round}`), lane);
    await both(drawBatch(random, round), lane);
  }
  const figuresOf = async (world: string) =>
    (
      await levelsOf(
        database.db,
        [0, 1, 2].map((sku) => `${world}/sku-${sku}`),
      )
    ).map(({ onHand, reserved, version }) => ({ onHand, reserved, version }));
  expect(await figuresOf(ahead)).toEqual(await figuresOf(looking));
  expect(sent.right - before.right).toBeGreaterThan(10);
  expect(sent.wrong - before.wrong).toBeGreaterThan(5);
});

test("two processes that sell the same units ahead of each other sell them once", async () => {
  const db = countingDb();
  const ledgers = [createLedger(depsOn(db)), createLedger(depsOn(db))];
  await ledgers[0]?.submit(receive("shared", 700));
  let done = 0;
  const caller = async (name: number): Promise<void> => {
    for (let turn = 0; turn < 8; turn += 1) {
      // Each key is asked twice at once, on one side and the other.
      const asked = reserve(`shared/${Math.floor(name / 2)}/${turn}`, [line("shared", 1)]);
      const key = `shared/${Math.floor(name / 2)}/${turn}`;
      const answer = await (ledgers[name % 2] as (typeof ledgers)[0]).submit({ ...asked, key });
      if (answer.status === "done") done += 1;
    }
  };
  jumpedMs += 1_000;
  await Promise.all(Array.from({ length: 200 }, (_, name) => caller(name)));
  expect(done).toBe(1_400);
  const [level] = await levelsOf(database.db, ["shared"]);
  expect(level).toMatchObject({ onHand: 700, reserved: 700 });
});

test("many callers of one SKU keep a second batch under way behind the first, and are answered in full", async () => {
  const db = countingDb();
  const ledger = createLedger(depsOn(db));
  await ledger.submit(receive("busy", 10_000));
  const before = { ...sent };
  const caller = async (name: number): Promise<readonly Answer[]> => {
    const answers: Answer[] = [];
    for (let turn = 0; turn < 10; turn += 1)
      answers.push(await ledger.submit(reserve(`busy/${name}/${turn}`, [line("busy", 1)])));
    return answers;
  };
  const answers = (await Promise.all(Array.from({ length: 96 }, (_, name) => caller(name)))).flat();
  expect(answers.filter(({ status }) => status === "done")).toHaveLength(960);
  expect(sent.wrong - before.wrong).toBe(0);
  const batches = sent.right - before.right;
  expect(batches).toBeGreaterThanOrEqual(15);
  expect(batches).toBeLessThanOrEqual(40);
});

test("a lost answer to what was sent ahead is resolved by asking again under the same keys", async () => {
  const ledger = createLedger(depsOn(countingDb()));
  await ledger.submit(receive("lost", 100));
  toLose = 2;
  for (let turn = 0; turn < 4; turn += 1) {
    jumpedMs += 1_000;
    const asked = Array.from({ length: 60 }, (_, index) => reserve(`lost/${turn}/${index % 20}`, [line("lost", 1)]));
    const keyed = asked.map((one) => ({ ...one, key: one.reservationId, ttlMs: null }));
    const answers = await Promise.all(keyed.map((one) => ledger.submitText(one)));
    for (const [index, answer] of answers.entries()) {
      expect(JSON.parse(answer)).toMatchObject({ status: "done" });
      expect(answer).toBe(answers[index % 20]);
    }
  }
  expect(toLose).toBe(0);
  expect(await levelsOf(database.db, ["lost"])).toMatchObject([{ onHand: 100, reserved: 80 }]);
});
