import { fingerprint } from "../core/digest.ts";
import { assertNever } from "../core/failure.ts";
import { unitsMax } from "../core/ids.ts";
import type { Answer, Command, Refusal } from "./commands.ts";
import { decideOrderTarget } from "./decide-order.ts";
import {
  available,
  type Incident,
  type Level,
  levelKey,
  type Movement,
  type OrderLineState,
  orderLineKey,
} from "./state.ts";

/** A key the ledger already knows, with the answer it gave. */
export type KnownKey = { readonly fingerprint: string; readonly answer: string };

export type LockedState = {
  /** Every level the commands name, by `levelKey`; a missing one is a SKU or location the ledger does not know. */
  readonly levels: ReadonlyMap<string, Level>;
  /** Every order line the commands name, with the levels where those lines already are. */
  readonly orderLines: ReadonlyMap<string, OrderLineState>;
  readonly locations: ReadonlySet<string>;
  readonly known: ReadonlyMap<string, KnownKey>;
};

export type NewKey = KnownKey & { readonly key: string };

export type Decision = {
  readonly movements: readonly Movement[];
  /** Only the ones that changed. */
  readonly levels: readonly Level[];
  readonly orderLines: readonly OrderLineState[];
  readonly incidents: readonly Incident[];
  readonly newKeys: readonly NewKey[];
  /** Serialised `Answer`s, one per command, in the commands' order. */
  readonly answers: readonly string[];
};

/** What one command does to the working copy; no movement = nothing changes. */
export type Effect =
  | { readonly kind: "moves"; readonly movement: Omit<Movement, "leg" | "after">; readonly orderLine?: OrderLineState }
  | { readonly kind: "nothing"; readonly orderLine?: OrderLineState }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly field: string; readonly detail: string };

/** The body that a key stands for: everything but the key itself and who repeated it. */
export const commandFingerprint = (command: Command): string => {
  const { key: _key, actor: _actor, occurredAt: _occurredAt, ...body } = command;
  return fingerprint(body);
};

const refuse = (refusal: Refusal, field: string, detail: string): Effect => ({
  kind: "refused",
  refusal,
  field,
  detail,
});

const effectOf = (
  command: Command,
  level: Level | undefined,
  state: LockedState,
  orderLine: OrderLineState | undefined,
): Effect => {
  if (!state.locations.has(command.locationId)) {
    return refuse(
      "unknown-location",
      "location",
      `there is no location "${command.locationId}"; add it to the settings`,
    );
  }
  if (level === undefined) {
    return refuse(
      "unknown-sku",
      "sku",
      `the ledger has no SKU "${command.sku}" at "${command.locationId}"; receive units first`,
    );
  }
  const base = {
    commandKey: command.key,
    sku: command.sku,
    locationId: command.locationId,
    dReserved: 0,
    dIncoming: 0,
    actor: command.actor,
    occurredAt: command.occurredAt,
  } as const;
  switch (command.kind) {
    case "receive":
      if (level.onHand + command.units > unitsMax) {
        return refuse("units-over-limit", "units", `on hand would pass ${unitsMax}`);
      }
      return {
        kind: "moves",
        movement: {
          ...base,
          kind: "receipt",
          dOnHand: command.units,
          causeType: "receipt",
          causeId: command.key,
          reason: command.reason,
        },
      };
    case "adjust":
      if (level.onHand + command.units < 0) {
        return refuse(
          "insufficient-stock",
          "units",
          `only ${level.onHand} on hand, cannot take away ${-command.units}`,
        );
      }
      if (level.onHand + command.units > unitsMax) {
        return refuse("units-over-limit", "units", `on hand would pass ${unitsMax}`);
      }
      return {
        kind: "moves",
        movement: {
          ...base,
          kind: "adjustment",
          dOnHand: command.units,
          causeType: "adjustment",
          causeId: command.key,
          reason: command.reason,
        },
      };
    case "order-target":
      return decideOrderTarget(command, orderLine);
    default:
      return assertNever(command);
  }
};

const apply = (level: Level, movement: Omit<Movement, "leg" | "after">): Level => ({
  ...level,
  onHand: level.onHand + movement.dOnHand,
  reserved: level.reserved + movement.dReserved,
  incoming: level.incoming + movement.dIncoming,
  version: level.version + 1,
});

const answerOf = (level: Level, changed: boolean): Answer => ({
  status: "done",
  sku: level.sku,
  locationId: level.locationId,
  changed,
  level: {
    onHand: level.onHand,
    reserved: level.reserved,
    incoming: level.incoming,
    available: available(level),
    version: level.version,
  },
});

/**
 * The ledger's rules, pure: in goes the locked state and a batch of commands, out come movements, levels and one exact
 * answer per command. Commands see the effects of those before them in the batch. Orders may take available below
 * zero, because the channel has sold already; everything else may not take on hand below zero.
 */
export const decide = (state: LockedState, commands: readonly Command[]): Decision => {
  const levels = new Map(state.levels);
  const orderLines = new Map(state.orderLines);
  const known = new Map(state.known);
  const changedLevels = new Set<string>();
  const changedLines = new Set<string>();
  const movements: Movement[] = [];
  const incidents: Incident[] = [];
  const newKeys: NewKey[] = [];

  const decideOne = (command: Command): string => {
    const print = commandFingerprint(command);
    const before = known.get(command.key);
    if (before !== undefined) {
      if (before.fingerprint === print) return before.answer;
      const reused: Answer = {
        status: "refused",
        refusal: "key-reused",
        field: "key",
        detail: `the key "${command.key}" was used for another command; use a new key for a new effect`,
      };
      return JSON.stringify(reused);
    }
    const lineKey = command.kind === "order-target" ? orderLineKey(command) : undefined;
    const lineBefore = lineKey === undefined ? undefined : orderLines.get(lineKey);
    // A line stays where it was first reserved, whatever location later views would choose.
    const at = levelKey(command.sku, lineBefore?.locationId ?? command.locationId);
    const effect = effectOf(command, levels.get(at), state, lineBefore);
    if (effect.kind !== "refused" && effect.orderLine !== undefined && lineKey !== undefined) {
      orderLines.set(lineKey, effect.orderLine);
      changedLines.add(lineKey);
    }
    const level = levels.get(at);
    let answer: Answer;
    if (effect.kind === "refused") {
      answer = { status: "refused", refusal: effect.refusal, field: effect.field, detail: effect.detail };
    } else if (effect.kind === "nothing" || level === undefined) {
      // An order target that changes nothing is told by state, not by key: it would only fill the table.
      return JSON.stringify(answerOf(level as Level, false));
    } else {
      const after = apply(level, effect.movement);
      levels.set(at, after);
      changedLevels.add(at);
      movements.push({ ...effect.movement, leg: 0, after });
      const short = shortfall(level, after);
      if (short > 0) incidents.push(incidentOf(command, short));
      answer = answerOf(after, true);
    }
    const text = JSON.stringify(answer);
    const entry = { key: command.key, fingerprint: print, answer: text };
    known.set(command.key, entry);
    newKeys.push(entry);
    return text;
  };

  const answers = commands.map(decideOne);
  return {
    movements,
    levels: [...changedLevels].flatMap((key) => levels.get(key) ?? []),
    orderLines: [...changedLines].flatMap((key) => orderLines.get(key) ?? []),
    incidents,
    newKeys,
    answers,
  };
};

/** Units by which this change alone took available below zero. */
const shortfall = (before: Level, after: Level): number => {
  const taken = available(before) - available(after);
  return taken > 0 ? Math.min(taken, Math.max(0, -available(after))) : 0;
};

const incidentOf = (command: Command, unitsShort: number): Incident => {
  const order = command.kind === "order-target" ? command : undefined;
  return {
    commandKey: command.key,
    leg: 0,
    sku: command.sku,
    locationId: command.locationId,
    accountId: order?.accountId ?? null,
    orderRef: order?.orderRef ?? null,
    lineRef: order?.lineRef ?? null,
    unitsShort,
  };
};
