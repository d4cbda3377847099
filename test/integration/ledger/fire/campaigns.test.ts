import { afterEach, beforeEach, expect, test } from "vitest";
import type { CampaignReport } from "../../../fire/campaign.ts";
import { runCrash } from "../../../fire/crash/run-crash.ts";
import { runHistory } from "../../../fire/history/run-history.ts";
import { runModel } from "../../../fire/model/run-model.ts";
import { runOrders } from "../../../fire/orders/run-orders.ts";
import { runSteps } from "../../../fire/steps/run-steps.ts";
import { storm } from "../../../fire/storm/storm.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";

// Short versions of `npm run fire`, on the run's shared Postgres: nothing here takes the server down.

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await database.drop();
});

/** Seconds on a quiet machine. */
const timeoutMs = 240_000;
const quiet = (): undefined => undefined;
const figure = ({ figures }: CampaignReport, name: string): number => Number(figures[name]);

test("400 reserves of 100 units from four processes hold 100, though one is killed and backends are ended", {
  timeout: timeoutMs,
}, async () => {
  const report = await storm(database, { rounds: 2, seed: 21, crashEvery: 0 }, quiet);
  expect(report.faults).toEqual([]);
  expect(figure(report, "lostAnswers")).toBeGreaterThan(0);
  expect(figure(report, "acknowledged")).toBeGreaterThan(0);
});

test("20,000 random commands of every kind are answered as a plain model answers them, and end in its state", {
  timeout: timeoutMs,
}, async () => {
  const report = await runModel(database, { commands: 20_000, seed: 1, batchMax: 1_000 }, quiet);
  expect(report.faults).toEqual([]);
  expect(figure(report, "commands")).toBe(20_000);
  // Every kind was done at least once, and refusals are many.
  const answers = Object.keys(report.figures["answers"] as object);
  expect(answers.filter((name) => name.endsWith(" done"))).toHaveLength(15);
  expect(answers.filter((name) => !name.endsWith(" done")).length).toBeGreaterThan(40);
});

test("what channels report of real orders ends in one state, in whatever order and however often it comes", {
  timeout: timeoutMs,
}, async () => {
  const options = { invoices: 40, permutations: 4, seed: 3, file: undefined };
  const report = await runOrders({ open: createTestDatabase }, options, quiet);
  expect(report.faults).toEqual([]);
  expect(report.figures).toMatchObject({ endStates: 1, invoices: 40 });
});

test("pairs of sessions, advanced statement by statement, end as one after the other, without a deadlock", {
  timeout: timeoutMs,
}, async () => {
  const report = await runSteps(database, { seed: 2, percent: 1, only: "" }, quiet);
  expect(report.faults).toEqual([]);
  expect(figure(report, "deadlocks")).toBe(0);
  expect(figure(report, "blocked")).toBeGreaterThan(20);
});

test("a batch of every kind of command has one effect, wherever its connection is cut", {
  timeout: timeoutMs,
}, async () => {
  const report = await runCrash(database, { kills: false }, quiet);
  expect(report.faults).toEqual([]);
  expect(figure(report, "struck")).toBe(16);
  for (const ending of ["notDone", "done", "mendedByTheLane"])
    expect(figure(report, ending), ending).toBeGreaterThan(0);
});

test("recorded histories of concurrent clients on hot SKUs are linearizable", { timeout: timeoutMs }, async () => {
  const report = await runHistory(database, { histories: 5, clients: 12, callsEach: 12, seed: 5 }, quiet);
  expect(report.faults).toEqual([]);
  expect(figure(report, "overlapping")).toBeGreaterThan(200);
  expect(figure(report, "still")).toBeGreaterThan(20);
});
