import { systemClock } from "../../../src/core/clock.ts";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import { type Random, seededRandom } from "../../../src/core/random.ts";
import { type Db, openDb } from "../../../src/db/pool.ts";
import type { Command } from "../../../src/ledger/commands.ts";
import { laneLimits } from "../../../src/ledger/lane.ts";
import { createLedger, type Ledger } from "../../../src/ledger/ledger.ts";
import { upsertLocations } from "../../../src/ledger/queries.ts";
import { brokenInvariants, type CampaignReport, type FireDatabase, type Tell } from "../campaign.ts";
import { PlainLedger } from "../model/plain-ledger.ts";
import type { PlainAnswer } from "../model/plain-rows.ts";
import { type Call, checkHistory, levelNameOf, type Placed } from "./check-history.ts";

export type HistoryOptions = {
  readonly histories: number;
  readonly clients: number;
  readonly callsEach: number;
  readonly seed: number;
};

const ledgersCount = 3;
const at = "2026-11-01T00:00:00.000Z";
const name = "fire-history";

const plainOf = (text: string): PlainAnswer => {
  const { detail: _detail, ...answer } = JSON.parse(text) as PlainAnswer & { detail?: string };
  return answer;
};

/** Small stock and few SKUs, so that calls meet, and refusals are as frequent as success. */
const drawCall = (
  random: Random,
  history: number,
  client: number,
  number: number,
  held: readonly string[],
): Command => {
  const whole = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  const base = { key: `h${history}/${client}/${number}`, actor: "history", occurredAt: at };
  const place = (sku: number) => ({ sku: Sku.parse(`h${history}-${sku}`), locationId: LocationId.parse("main") });
  const drawing = random();
  if (drawing < 0.45 || held.length === 0) {
    const first = whole(0, 2);
    const lines = [{ ...place(first), units: whole(1, 4) }];
    if (random() < 0.4) lines.push({ ...place((first + 1) % 3), units: whole(1, 3) });
    const mode = random() < 0.7 ? "all" : "partial";
    return { ...base, kind: "reserve", reservationId: base.key, lines, mode, ttlMs: null, reference: null };
  }
  if (drawing < 0.6)
    return { ...base, kind: "adjust", ...place(whole(0, 2)), units: whole(-3, 5) || 1, reason: "counted" };
  // Of anybody: two clients often end the same reservation.
  const reservationId = held[Math.floor(random() * Math.min(held.length, 12))] as string;
  return { ...base, kind: random() < 0.6 ? "commit" : "release", reservationId, lines: null };
};

const record = async (ledger: Ledger, command: Command): Promise<Call> => {
  const invokedMs = performance.now();
  for (;;) {
    // Unknown is resolved by asking again under the same key; it is one call all the same.
    const text = await ledger.submitText(command).catch(() => undefined);
    if (text !== undefined) return { command, invokedMs, returnedMs: performance.now(), answer: plainOf(text) };
  }
};

const placedIn = async (db: Db, history: number): Promise<ReadonlyMap<string, readonly Placed[]>> => {
  const { rows } = await db.pool.query<{ key: string; sku: string; location_id: string; version: number }>(
    "select command_key as key, sku, location_id, level_version as version from movement where command_key like $1",
    [`h${history}/%`],
  );
  const placed = rows.map(({ key, sku, location_id, version }) => ({
    key,
    level: levelNameOf(sku, location_id),
    version,
  }));
  return Map.groupBy(placed, ({ key }) => key);
};

/**
 * Concurrent clients on three hot SKUs over three ledgers, as three processes would have them, with backends ended now and
 * then; everybody's calls are recorded with the times of asking and being answered, and each history must be linearizable.
 */
export const runHistory = async (
  { db, url }: FireDatabase,
  { histories, clients, callsEach, seed }: HistoryOptions,
  tell: Tell,
): Promise<CampaignReport> => {
  await upsertLocations(db, [{ id: "main", name: "Main" }]);
  const dbs = Array.from({ length: ledgersCount }, () =>
    openDb({ url, connectionsMax: 5, applicationName: name, onIdleError: () => undefined }),
  );
  // Small batches: more transactions meet.
  const ledgers = dbs.map((one, index) =>
    createLedger(
      { db: one, clock: systemClock, random: seededRandom(seed + index), afterCommit: () => undefined },
      { ...laneLimits, batchMax: [1, 3, 50][index] ?? 50 },
    ),
  );
  const faults: string[] = [];
  const sum = { calls: 0, moved: 0, still: 0, shot: 0, overlapping: 0 };

  const runOne = async (history: number): Promise<void> => {
    const random = seededRandom(seed * 1_000 + history);
    const model = new PlainLedger(["main"], 0);
    const stock = [0, 1, 2].map((sku): Command => {
      const place = { sku: Sku.parse(`h${history}-${sku}`), locationId: LocationId.parse("main") };
      return {
        kind: "receive",
        key: `stock/${history}/${sku}`,
        actor: "history",
        occurredAt: at,
        ...place,
        units: 25,
        reason: null,
      };
    });
    for (const command of stock) {
      await ledgers[0]?.submit(command);
      model.apply(command);
    }
    const held: string[] = [];
    const calls: Call[] = [];
    const client = async (number: number): Promise<void> => {
      for (let turn = 0; turn < callsEach; turn += 1) {
        const call = await record(
          ledgers[number % ledgersCount] as Ledger,
          drawCall(random, history, number, turn, held),
        );
        calls.push(call);
        if (call.command.kind === "reserve" && call.answer.status === "done") held.unshift(call.command.reservationId);
      }
    };
    const all = Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
    const shoot = async (): Promise<void> => {
      await systemClock.sleep(random() * 60);
      const text = `select pg_terminate_backend(pid) from pg_stat_activity
                     where application_name = $1 and datname = current_database() and state <> 'idle' limit 1`;
      sum.shot += (await db.pool.query(text, [name])).rowCount ?? 0;
    };
    await Promise.all([all, shoot()]);

    const placed = await placedIn(db, history);
    const verdict = checkHistory(model, calls, (key) => placed.get(key) ?? []);
    faults.push(...verdict.faults.map((fault) => `history ${history}: ${fault}`));
    sum.calls += calls.length;
    sum.moved += verdict.moved;
    sum.still += verdict.still;
    const sorted = calls.toSorted((a, b) => a.invokedMs - b.invokedMs);
    sum.overlapping += sorted.filter(
      (call, index) => (sorted[index + 1]?.invokedMs ?? Infinity) < call.returnedMs,
    ).length;
    if (history % 10 === 9) tell(`${history + 1}/${histories} histories, ${sum.calls} calls, ${faults.length} faults`);
  };

  try {
    for (let history = 0; history < histories; history += 1) await runOne(history);
    faults.push(...(await brokenInvariants(db)));
  } finally {
    await Promise.all(dbs.map((one) => one.close()));
  }
  return { name: "history", faults, figures: { histories, clients, ...sum } };
};
