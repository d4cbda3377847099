import { toIso } from "../core/clock.ts";
import type { HotStatement } from "../db/sql.ts";
import type { Command, Reserve } from "./commands.ts";
import { type Decision, decide } from "./decide.ts";
import type { LevelMemory } from "./memory.ts";
import { type Level, type LockedState, levelKey } from "./state.ts";
import { writeAheadStatement } from "./write.ts";

/** A batch that is decided already, on levels nobody has locked yet. */
export type Assumed = {
  readonly answers: readonly string[];
  /** Does it all or nothing, in a transaction of its own; fails when anything is not as it was assumed. */
  readonly statement: HotStatement;
  /** The levels it looks at, as they will be. */
  readonly levels: readonly Level[];
};

const isReserve = (command: Command): command is Reserve => command.kind === "reserve";

const levelsSeen = (memory: LevelMemory, commands: readonly Reserve[]): ReadonlyMap<string, Level> | undefined => {
  const seen = new Map<string, Level>();
  for (const { lines } of commands) {
    for (const { sku, locationId } of lines) {
      const key = levelKey(sku, locationId);
      if (seen.has(key)) continue;
      const level = memory.get(key);
      if (level === undefined) return undefined;
      seen.set(key, level);
    }
  }
  return seen;
};

const nothing = new Map<string, never>();

/** Reservations that are asked for and not made: what they were refused for holds only if they are not there yet. */
const absent = (commands: readonly Reserve[], { newReservations }: Decision): readonly string[] => {
  if (newReservations.length === commands.length) return [];
  const made = new Set(newReservations.map(({ id }) => id));
  return [...new Set(commands.map(({ reservationId }) => reservationId))].filter((id) => !made.has(id));
};

/**
 * The batch decided on remembered levels, by the same rules as on locked ones; undefined when it is not made of
 * reservations alone or a level is not remembered. What a reservation is decided on is its levels, its key, its id and the
 * clock: the statement checks the first and the last, and the unique indexes the other two. Locations are never taken away
 * while they have levels.
 */
export const assume = (
  memory: LevelMemory,
  commands: readonly Command[],
  { monotonicMs, clockSlackMs }: { readonly monotonicMs: number; readonly clockSlackMs: number },
): Assumed | undefined => {
  if (!commands.every(isReserve)) return undefined;
  const clockMs = memory.clockAt(monotonicMs);
  const seen = clockMs === undefined ? undefined : levelsSeen(memory, commands);
  if (clockMs === undefined || seen === undefined) return undefined;
  const clockAt = toIso(clockMs);
  const state: LockedState = {
    levels: seen,
    unmade: new Set(),
    movements: new Set(),
    orderLines: nothing,
    reservations: nothing,
    transfers: nothing,
    inTransit: nothing,
    locations: new Set([...seen.values()].map(({ locationId }) => locationId)),
    known: nothing,
    clockAt,
  };
  const decision = decide(state, commands);
  const changed = new Map(decision.levels.map((level) => [levelKey(level.sku, level.locationId), level]));
  // Where all change, in the order of the changes: then the database locks, compares and writes them in one go.
  const keys = changed.size === seen.size ? [...changed.keys()] : [...seen.keys()];
  const before = keys.map((key) => seen.get(key) as Level);
  const statement = writeAheadStatement(decision, {
    levels: before,
    absentReservations: absent(commands, decision),
    clockAt: commands.some(({ ttlMs }) => ttlMs !== null) ? clockAt : null,
    clockSlackMs,
  });
  return {
    answers: decision.answers,
    statement,
    levels: keys.map((key, index) => changed.get(key) ?? (before[index] as Level)),
  };
};
