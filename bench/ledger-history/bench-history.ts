import { readFileSync } from "node:fs";
import pg from "pg";
import { z } from "zod";
import { seededRandom } from "../../src/core/random.ts";
import { type Db, openDb } from "../../src/db/pool.ts";
import { query, sql } from "../../src/db/sql.ts";
import { stockAt } from "../../src/ledger/past-stock.ts";
import { shownAt } from "../../src/sync/shown-at.ts";
import { percentile } from "../figures.ts";
import { load, monthsCount, skusCount } from "./load.ts";

type Question = { readonly sku: string; readonly time: string; readonly asKnown: boolean };
type Figures = {
  readonly questions: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The server's time on a CPU for a question: what is left of the above when nobody else wants the machine. */
  readonly cpuP50Ms: number;
  readonly cpuP99Ms: number;
};
type Timed = { readonly asKnown: boolean; readonly ms: number; readonly cpuMs: number };

export type HistoryReport = {
  readonly movements: number;
  readonly hottestSkuMovements: number;
  readonly loadSeconds: number;
  /** Levels, open reservations and what the channels showed; each of 10,000 questions once. */
  readonly ours: { readonly all: Figures; readonly asKnown: Figures; readonly asItWas: Figures };
  /** Levels and reservations by summing the journal; fewer questions, drawn from the same. */
  readonly summing: { readonly all: Figures; readonly asKnown: Figures; readonly asItWas: Figures };
  readonly goal: { readonly what: "p99Ms"; readonly below: number; readonly met: boolean };
  /** Questions that the two answered differently. */
  readonly mismatches: readonly string[];
};

const rounded = (value: number): number => Number(value.toPrecision(3));
const figuresOf = (timed: readonly Timed[]): Figures => {
  const [tookMs, cpuMs] = [timed.map(({ ms }) => ms), timed.map((one) => one.cpuMs)];
  return {
    questions: timed.length,
    p50Ms: rounded(percentile(tookMs, 0.5)),
    p99Ms: rounded(percentile(tookMs, 0.99)),
    maxMs: rounded(percentile(tookMs, 1)),
    cpuP50Ms: rounded(percentile(cpuMs, 0.5)),
    cpuP99Ms: rounded(percentile(cpuMs, 0.99)),
  };
};

const answer = async (db: Db, { sku, ...asking }: Question) => ({
  ...(await stockAt(db, [sku], asking)),
  shown: await shownAt(db, [sku], asking.time),
});

const Summed = z.object({ locationId: z.string(), onHand: z.number(), reserved: z.number(), incoming: z.number() });
const Held = z.object({ reservationId: z.string(), locationId: z.string(), units: z.number() });

/** The plain way: everything that had been recorded (or had occurred) by then, added up. */
const sumJournal = async (db: Db, { sku, time, asKnown }: Question) => ({
  levels: await query(
    db,
    Summed,
    sql`
      select location_id as "locationId", sum(d_on_hand)::bigint as "onHand", sum(d_reserved)::bigint as reserved,
             sum(d_incoming)::bigint as incoming
        from movement
       where sku = ${sku} and case when ${asKnown} then recorded_at else occurred_at end <= ${time}::timestamptz
       group by 1 order by 1`,
  ),
  reservations: await query(
    db,
    Held,
    sql`
      select cause_id as "reservationId", location_id as "locationId", sum(d_reserved)::bigint as units
        from movement
       where sku = ${sku} and cause_type = 'reservation'
         and case when ${asKnown} then recorded_at else occurred_at end <= ${time}::timestamptz
       group by 1, 2 having sum(d_reserved) > 0 order by 2, 1`,
  ),
});

type Answer = Awaited<ReturnType<typeof answer>>;
const comparable = ({ levels, reservations }: Answer): string =>
  JSON.stringify({
    levels: levels.map(({ locationId, onHand, reserved, incoming }) => ({ locationId, onHand, reserved, incoming })),
    reservations: reservations.map(({ reservationId, locationId, units }) => ({ reservationId, locationId, units })),
  });

/** Nanoseconds that a process of this machine was on a CPU; NaN where the kernel does not tell. */
const cpuNs = (pid: number): number => {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]);
  } catch {
    return Number.NaN;
  }
};

const time = async <Result>(
  pid: number,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly ms: number; readonly cpuMs: number }> => {
  const [startMs, startNs] = [performance.now(), cpuNs(pid)];
  const result = await work();
  return { result, ms: performance.now() - startMs, cpuMs: (cpuNs(pid) - startNs) / 1e6 };
};

const bothClocks = (timed: readonly Timed[]) => ({
  all: figuresOf(timed),
  asKnown: figuresOf(timed.filter(({ asKnown }) => asKnown)),
  asItWas: figuresOf(timed.filter(({ asKnown }) => !asKnown)),
});

/** SKUs as often as they move, moments all over the two years, the clocks in turn. */
const questionsOf = (count: number, nowMs: number): readonly Question[] => {
  const random = seededRandom(7);
  return Array.from({ length: count }, (_, index) => ({
    sku: `sku-${Math.floor(random() ** 3 * skusCount)}`,
    time: new Date(nowMs - Math.floor(random() * (monthsCount * 30 - 1) * 86_400_000)).toISOString(),
    asKnown: index % 2 === 0,
  }));
};

export const benchHistory = async (
  url: string,
  options: {
    readonly movements: number;
    readonly questions: number;
    readonly summedQuestions: number;
    readonly tell: (line: string) => void;
  },
): Promise<HistoryReport> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let loadSeconds: number;
  let hottestSkuMovements: number;
  try {
    loadSeconds = await load(client, options.movements, options.tell);
    const hottest = await client.query<{ n: string }>(
      "select sum(version) as n from stock_level group by sku order by 1 desc limit 1",
    );
    hottestSkuMovements = Number(hottest.rows[0]?.n ?? 0);
  } finally {
    await client.end();
  }
  const db = openDb({ url, connectionsMax: 1, applicationName: "bench", onIdleError: () => undefined });
  try {
    const questions = questionsOf(options.questions, Date.now());
    // Connections opened, functions planned.
    for (const question of questions.slice(0, 20)) await answer(db, question);
    const backend = await query(db, z.object({ pid: z.number() }), sql`select pg_backend_pid() as pid`);
    const pid = backend[0]?.pid ?? 0;
    const ours: Timed[] = [];
    const answers = new Map<Question, string>();
    for (const question of questions) {
      const { result, ms, cpuMs } = await time(pid, () => answer(db, question));
      ours.push({ asKnown: question.asKnown, ms, cpuMs });
      answers.set(question, comparable(result));
    }
    const summing: Timed[] = [];
    const mismatches: string[] = [];
    for (const question of questions.slice(0, options.summedQuestions)) {
      const { result, ms, cpuMs } = await time(pid, () => sumJournal(db, question));
      summing.push({ asKnown: question.asKnown, ms, cpuMs });
      if (answers.get(question) !== JSON.stringify(result)) mismatches.push(JSON.stringify(question));
    }
    const all = bothClocks(ours);
    const goal = { what: "p99Ms", below: 50, met: all.all.p99Ms < 50 } as const;
    return {
      movements: options.movements,
      hottestSkuMovements,
      loadSeconds: rounded(loadSeconds),
      ours: all,
      summing: bothClocks(summing),
      goal,
      mismatches,
    };
  } finally {
    await db.close();
  }
};
