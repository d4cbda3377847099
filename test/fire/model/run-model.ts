import { createHash } from "node:crypto";
import { systemClock, toIso } from "../../../src/core/clock.ts";
import { canonicalJson } from "../../../src/core/digest.ts";
import { seededRandom } from "../../../src/core/random.ts";
import type { Command } from "../../../src/ledger/commands.ts";
import { createLane } from "../../../src/ledger/lane.ts";
import { upsertLocations } from "../../../src/ledger/queries.ts";
import { brokenInvariants, type CampaignReport, type FireDatabase, type Tell } from "../campaign.ts";
import { compareState } from "./compare-state.ts";
import { createDraw, locations } from "./draw.ts";
import { PlainLedger } from "./plain-ledger.ts";
import type { PlainAnswer } from "./plain-rows.ts";
import { takeClock } from "./take-clock.ts";

export type ModelOptions = { readonly commands: number; readonly seed: number; readonly batchMax: number };

const groups = 4;
/** Sent at once by a group; between such runs the clock moves on. */
const runLength = 2_500;
const faultsMax = 50;

const digest = (text: string): string => createHash("sha1").update(text).digest("base64");

/** Drops what is for people; the rest must be equal. */
const plainOf = (text: string): PlainAnswer => {
  const { detail: _detail, ...answer } = JSON.parse(text) as PlainAnswer & { detail?: string };
  return answer;
};

/**
 * Random commands through real lanes, one a group, each answer held against the model's; at the end every level,
 * reservation, transfer and order line against the model's, and the sums of movements too. The clock stands still but
 * between runs, so that it is known what has expired.
 */
export const runModel = async (
  { db }: FireDatabase,
  { commands, seed, batchMax }: ModelOptions,
  tell: Tell,
): Promise<CampaignReport> => {
  const random = seededRandom(seed);
  await upsertLocations(
    db,
    locations.map((id) => ({ id, name: id })),
  );
  const setClock = await takeClock(db);
  const model = new PlainLedger(locations, Date.parse("2026-11-25T00:00:00.000Z"));
  await setClock(toIso(model.nowMs));
  const deps = { db, clock: systemClock, random: seededRandom(seed + 1), afterCommit: () => undefined };
  // The clock stands where it is put: nothing with an end may be decided by another.
  const limits = { batchMax, waitingMax: runLength, waitingMaxPerCaller: runLength, clockSlackMs: 0 };
  const lanes = Array.from({ length: groups }, (_, group) => ({
    lane: createLane(deps, limits),
    draw: createDraw(group, seededRandom(seed * 100 + group), model),
  }));
  const faults: string[] = [];
  const firstTexts = new Map<string, string>();
  const answered = new Map<string, number>();

  type Asked = { readonly command: Command; readonly expected: PlainAnswer; readonly isStored: boolean };
  const ask = (command: Command): Asked => {
    const expected = model.apply(command);
    return { command, expected, isStored: model.keys.has(command.key) };
  };
  const judge = ({ command, expected, isStored }: Asked, text: string): void => {
    const answer = plainOf(text);
    const kind = `${command.kind} ${answer.status === "done" ? "done" : String(answer["refusal"])}`;
    answered.set(kind, (answered.get(kind) ?? 0) + 1);
    if (canonicalJson(answer) !== canonicalJson(expected) && faults.length < faultsMax) {
      faults.push(`${JSON.stringify(command)} was answered ${text}, not ${canonicalJson(expected)}`);
    }
    if (answer["refusal"] === "key-reused" || !isStored) return;
    const hash = digest(text);
    const first = firstTexts.get(command.key);
    if (first === undefined) firstTexts.set(command.key, hash);
    else if (first !== hash) faults.push(`the key ${command.key} got two different answers`);
  };

  let sent = 0;
  const startedMs = performance.now();
  while (sent < commands && faults.length < faultsMax) {
    const length = Math.min(runLength, Math.ceil((commands - sent) / groups));
    await Promise.all(
      lanes.map(async ({ lane, draw }) => {
        const run = Array.from({ length }, () => ask(draw()));
        const texts = await Promise.all(run.map(({ command }) => lane.submit(command, "model")));
        for (const [index, asked] of run.entries()) judge(asked, texts[index] as string);
      }),
    );
    sent += length * groups;
    model.nowMs += Math.floor(random() * 90_000);
    await setClock(toIso(model.nowMs));
    if (sent % (runLength * groups * 5) === 0)
      tell(`${sent}/${commands} commands, ${Math.round(sent / ((performance.now() - startedMs) / 1_000))} a second`);
  }
  const seconds = (performance.now() - startedMs) / 1_000;

  const due = [...model.reservations].filter(
    ([, { state, endsMs }]) => state === "held" && endsMs !== null && endsMs <= model.nowMs,
  );
  for (let from = 0; from < due.length; from += runLength) {
    const expiring = due.slice(from, from + runLength).map(([id]) =>
      ask({
        kind: "expire",
        key: `last/${id}`,
        reservationId: id,
        actor: "model",
        occurredAt: toIso(model.nowMs),
      }),
    );
    const { lane } = lanes[0] as (typeof lanes)[0];
    const texts = await Promise.all(expiring.map(({ command }) => lane.submit(command, "model")));
    for (const [index, asked] of expiring.entries()) judge(asked, texts[index] as string);
  }
  faults.push(...(await compareState(db, model)), ...(await brokenInvariants(db)));
  return {
    name: "model",
    faults,
    figures: {
      commands: sent,
      commandsPerSecond: Math.round(sent / seconds),
      movements: model.movements,
      levels: model.levels.size,
      reservations: model.reservations.size,
      transfers: model.transfers.size,
      orderLines: model.orderLines.size,
      oversellIncidents: model.incidents,
      answers: Object.fromEntries([...answered].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
};
