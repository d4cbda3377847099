import { numbersText, textsText } from "../db/array-text.ts";
import { hotQuery, type Tx } from "../db/sql.ts";
import type { Command } from "./commands.ts";
import { latePlaces, uniquePlaces } from "./places.ts";
import {
  type KnownKey,
  type Level,
  type LockedState,
  levelKey,
  movementKey,
  type OrderLineState,
  orderLineKey,
  type Reservation,
  type Transfer,
  transferKey,
} from "./state.ts";

/** What `ledger_lock` returns; our own migration fixes its shape, so it is not checked a second time. */
type Locked = {
  readonly levels: readonly (readonly [string, string, number, number, number, number])[] | null;
  readonly known: readonly (readonly [string, string, string])[] | null;
  readonly locations: readonly string[] | null;
  readonly reservations: readonly Reservation[] | null;
  readonly transfers: readonly Transfer[] | null;
  readonly transit: readonly (readonly [string, string, number])[] | null;
  readonly orderLines: readonly OrderLineState[] | null;
  readonly clockAt: string;
  readonly recordedAt: string;
};

const takesIncoming = (command: Command): boolean =>
  (command.kind === "receive" && command.fromIncoming === true) ||
  (command.kind === "expect" && command.units < 0) ||
  (command.kind === "correct" && command.incomingUnits < 0);

const itself = (text: string): string => text;

const paramsOf = (commands: readonly Command[]): readonly unknown[] => {
  const places = uniquePlaces(commands);
  const reservations = new Set(commands.flatMap((one) => ("reservationId" in one ? [one.reservationId] : [])));
  const transfers = new Map(
    commands.flatMap((one) =>
      "transferId" in one ? [[transferKey({ id: one.transferId, sku: one.sku }), one] as const] : [],
    ),
  );
  const named = [...transfers.values()];
  // By place too: which of several views of a new line decides where it is, is not known before they are decided.
  const lines = new Map(
    commands.flatMap((one) =>
      one.kind === "order-target" ? [[`${one.locationId} ${orderLineKey(one)}`, one] as const] : [],
    ),
  );
  const targets = [...lines.values()];
  return [
    textsText(places, (place) => place.sku),
    textsText(places, (place) => place.locationId),
    numbersText(places, (place) => place.mayCreate),
    textsText([...new Set(commands.map((command) => command.key))], itself),
    textsText([...reservations], itself),
    textsText(named, (one) => one.transferId),
    textsText(named, (one) => one.sku),
    commands.some(takesIncoming),
    textsText(targets, (line) => line.accountId),
    textsText(targets, (line) => line.orderRef),
    textsText(targets, (line) => line.lineRef),
    textsText(targets, (line) => line.sku),
    textsText(targets, (line) => line.locationId),
  ];
};

const mapOf = <Row, Value>(
  rows: readonly Row[] | null,
  entry: (row: Row) => readonly [string, Value],
): ReadonlyMap<string, Value> => new Map(rows?.map(entry));

/** Between the look for what commands are about and the locks somebody made it: look again. */
class StaleLookError extends Error {
  /** Postgres' own code for "try again". */
  readonly code = "40001";
  constructor(what: string) {
    super(`${what} was made while its levels were not locked yet`);
    this.name = "StaleLookError";
  }
}

/** Which of the late places were there before the batch. Sent ahead of the locks, in the same round trip. */
const placesThere = async (tx: Tx, commands: readonly Command[]) => {
  const late = latePlaces(commands);
  if (late.length === 0) return { late, there: new Set<string>() };
  const rows = await hotQuery<{ readonly sku: string; readonly location_id: string }>(tx, {
    name: "ledger-places-there",
    text: `select sku, location_id from unnest($1::text[], $2::text[]) as n (sku, location_id)
             join stock_level using (sku, location_id)`,
    values: [textsText(late, (place) => place.sku), textsText(late, (place) => place.locationId)],
  });
  return { late, there: new Set(rows.map((row) => levelKey(row.sku, row.location_id))) };
};

/** Which of the movements that corrections name are there, each at the level it is said to be of. */
const correctedMovements = async (tx: Tx, commands: readonly Command[]): Promise<ReadonlySet<string>> => {
  const named = commands.flatMap((one) =>
    one.kind === "correct" && one.corrects !== null ? [{ ...one, id: one.corrects }] : [],
  );
  if (named.length === 0) return new Set();
  const rows = await hotQuery<{ readonly id: number; readonly sku: string; readonly location_id: string }>(tx, {
    name: "ledger-movements-there",
    text: `select id, sku, location_id from unnest($1::bigint[], $2::text[], $3::text[]) as n (id, sku, location_id)
             join movement using (id, sku, location_id)`,
    values: [
      numbersText(named, (one) => one.id),
      textsText(named, (one) => one.sku),
      textsText(named, (one) => one.locationId),
    ],
  });
  return new Set(rows.map((row) => movementKey(row.id, { sku: row.sku, locationId: row.location_id })));
};

const refuseStale = ({ levels, transfers, orderLines }: LockedState): void => {
  for (const { id, sku, fromLocationId, toLocationId } of transfers.values()) {
    const isLocked = levels.has(levelKey(sku, fromLocationId)) && levels.has(levelKey(sku, toLocationId));
    if (!isLocked) throw new StaleLookError(`transfer "${id}"`);
  }
  for (const { sku, locationId, orderRef } of orderLines.values()) {
    if (!levels.has(levelKey(sku, locationId))) throw new StaleLookError(`a line of order "${orderRef}"`);
  }
};

/**
 * Locks every level the commands touch, in one order, and reads what they are decided on. One round trip. Errors: one with
 * Postgres' code 40001 when what was looked for came up meanwhile; post again.
 */
export const lockState = async (
  tx: Tx,
  commands: readonly Command[],
): Promise<{ readonly state: LockedState; readonly recordedAt: string }> => {
  const [{ late, there }, movements, [row]] = await Promise.all([
    placesThere(tx, commands),
    correctedMovements(tx, commands),
    hotQuery<{ readonly locked: Locked }>(tx, {
      name: "ledger-lock",
      text: "select ledger_lock($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) as locked",
      values: paramsOf(commands),
    }),
  ]);
  if (row === undefined) throw new TypeError("ledger_lock returned no row");
  const { locked } = row;
  const levels = mapOf(locked.levels, ([sku, locationId, onHand, reserved, incoming, version]): [string, Level] => [
    levelKey(sku, locationId),
    { sku, locationId, onHand, reserved, incoming, version },
  ]);
  const lateKeys = late.map((place) => levelKey(place.sku, place.locationId));
  const state: LockedState = {
    levels,
    // One that moved since the look was made by somebody else.
    unmade: new Set(lateKeys.filter((key) => !there.has(key) && levels.get(key)?.version === 0)),
    movements,
    known: mapOf(locked.known, ([key, fingerprint, answer]): [string, KnownKey] => [key, { fingerprint, answer }]),
    locations: new Set(locked.locations),
    reservations: mapOf(locked.reservations, (reservation): [string, Reservation] => [reservation.id, reservation]),
    transfers: mapOf(locked.transfers, (transfer): [string, Transfer] => [transferKey(transfer), transfer]),
    inTransit: mapOf(locked.transit, ([sku, locationId, units]): [string, number] => [
      levelKey(sku, locationId),
      units,
    ]),
    orderLines: mapOf(locked.orderLines, (line): [string, OrderLineState] => [orderLineKey(line), line]),
    clockAt: locked.clockAt,
  };
  refuseStale(state);
  return { state, recordedAt: locked.recordedAt };
};
