import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { knownAt } from "../ledger/queries.ts";
import { linksOf } from "../mapping/links.ts";
import {
  beginPlan,
  type CapturedLine,
  capturedLines,
  captureReadings,
  type JudgedLine,
  linesToRead,
  proposePlan,
  recordJudged,
} from "../sync/plan-build.ts";
import { countGroups, groupOf, type PlannedLine } from "../sync/plan-groups.ts";
import { judgePlan } from "../sync/plan-guards.ts";
import { planHash, policyVersionOf } from "../sync/plan-hash.ts";
import type { PlanRow } from "../sync/plan-rows.ts";
import { recordReadings } from "../sync/targets.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";
import { linkListings } from "./link-listings.ts";
import { wantedUnits } from "./wanted.ts";

const judgedAtOnce = 2_000;

/** Begins a plan of an account; returns its id. What is at the ledger by now is linked first. */
export const startPlan = async (
  deps: JobDeps,
  plan: AccountPlan,
  asked: { readonly actor: string; readonly drivenBy: "command" | "job" },
): Promise<number> => {
  await linkListings(deps, plan.accountId);
  return inTransaction(deps.db, (tx) =>
    beginPlan(tx, {
      accountId: plan.accountId,
      locationId: plan.locationId,
      policyVersion: policyVersionOf(plan),
      ...asked,
      now: toIso(deps.clock.now()),
    }),
  );
};

/** Reads the next listings from the channel. False: all are read. */
const readSome = async (
  deps: JobDeps,
  connector: Connector,
  { id, accountId }: PlanRow,
  signal: AbortSignal,
): Promise<boolean> => {
  const lines = await linesToRead(deps.db, id, connector.limits.readBatchMax);
  if (lines.length === 0) return false;
  const readAt = toIso(deps.clock.now());
  const handles = lines.map(({ ref, details }) => ({ ref, details }));
  const readings = new Map(
    (await connector.readQuantities(handles, { accountId, signal })).map((reading) => [reading.ref, reading]),
  );
  const captured = lines.map(({ listingId, ref }) => {
    const reading = readings.get(ref);
    const units = reading?.units ?? null;
    const why = reading === undefined ? "the channel's answer left it out" : "the channel shows no quantity for it";
    return { listingId, units, reason: units === null ? (reading?.reason ?? why) : null };
  });
  await inTransaction(deps.db, async (tx) => {
    await captureReadings(tx, id, captured, readAt);
    const told = captured.flatMap(({ listingId, units }) => (units === null ? [] : [{ listingId, units }]));
    await recordReadings(tx, told, "audit", readAt);
  });
  return true;
};

export type Judged = PlannedLine & JudgedLine & { readonly ref: string };

/** What the ledger says about the lines now; a number is computed after it was read, never before. */
export const judgeLines = async (
  deps: JobDeps,
  plan: AccountPlan,
  lines: readonly CapturedLine[],
): Promise<readonly Judged[]> => {
  const judged: Judged[] = [];
  for (let from = 0; from < lines.length; from += judgedAtOnce) {
    const some = lines.slice(from, from + judgedAtOnce);
    const ids = some.map(({ listingId }) => listingId);
    const wanted = await wantedUnits(deps.db, ids, plan);
    const links = await linksOf(deps.db, ids);
    const known = await knownAt(deps.db, plan.locationId, [...new Set(links.map(({ sku }) => sku))]);
    const missing = new Set(links.filter(({ sku }) => !known.has(sku)).map(({ listingId }) => listingId));
    for (const { listingId, ref, shownUnits, linked } of some) {
      const allocation = linked ? wanted.get(listingId) : undefined;
      const figures = {
        shownUnits,
        wantedUnits: allocation?.units ?? null,
        inLedger: !missing.has(listingId),
      };
      judged.push({ listingId, ref, ...figures, group: groupOf(figures), terms: allocation?.terms ?? null });
    }
  }
  return judged;
};

const closePlan = async (deps: JobDeps, plan: AccountPlan, { id }: PlanRow): Promise<void> => {
  const lines = await judgeLines(deps, plan, await capturedLines(deps.db, id));
  const summary = { groups: countGroups(lines), guards: [...judgePlan(lines, plan.guards)] };
  const hash = planHash({ accountId: plan.accountId, policyVersion: policyVersionOf(plan), lines });
  await inTransaction(deps.db, async (tx) => {
    for (let from = 0; from < lines.length; from += judgedAtOnce) {
      await recordJudged(tx, id, lines.slice(from, from + judgedAtOnce));
    }
    await proposePlan(tx, { planId: id, hash, summary, now: toIso(deps.clock.now()) });
  });
};

/** Goes on with a plan that is being read, one channel call; true when it is made. */
export const advanceReading = async (
  deps: JobDeps,
  connector: Connector,
  plan: AccountPlan,
  row: PlanRow,
  signal: AbortSignal,
): Promise<boolean> => {
  if (await readSome(deps, connector, row, signal)) return false;
  await closePlan(deps, plan, row);
  return true;
};
