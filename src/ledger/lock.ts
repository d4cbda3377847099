import { numbersText, textsText } from "../db/array-text.ts";
import { hotQuery, type Tx } from "../db/sql.ts";
import type { Command } from "./commands.ts";
import {
  type KnownKey,
  type Level,
  type LockedState,
  levelKey,
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

type Place = { readonly sku: string; readonly locationId: string; readonly mayCreate: boolean };

/** Levels a command names itself; those of reservations, transfers and order lines are found by the database. */
const placesOf = (command: Command): readonly Place[] => {
  switch (command.kind) {
    case "receive":
    case "expect":
    case "count":
    case "return":
      return [{ sku: command.sku, locationId: command.locationId, mayCreate: true }];
    case "adjust":
    case "correct":
      return [{ sku: command.sku, locationId: command.locationId, mayCreate: false }];
    case "transfer-send":
      return [
        { sku: command.sku, locationId: command.fromLocationId, mayCreate: false },
        { sku: command.sku, locationId: command.toLocationId, mayCreate: true },
      ];
    case "reserve":
      return command.lines.map(({ sku, locationId }) => ({ sku, locationId, mayCreate: false }));
    default:
      return [];
  }
};

const takesIncoming = (command: Command): boolean =>
  (command.kind === "receive" && command.fromIncoming === true) ||
  (command.kind === "expect" && command.units < 0) ||
  (command.kind === "correct" && command.incomingUnits < 0);

const uniquePlaces = (commands: readonly Command[]): readonly Place[] => {
  const places = new Map<string, Place>();
  for (const place of commands.flatMap(placesOf)) {
    const key = levelKey(place.sku, place.locationId);
    if (places.get(key)?.mayCreate !== true) places.set(key, place);
  }
  return [...places.values()];
};

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
  const lines = new Map(
    commands.flatMap((one) => (one.kind === "order-target" ? [[orderLineKey(one), one] as const] : [])),
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

/** Locks every level the commands touch, in one order, and reads what they are decided on. One statement. */
export const lockState = async (
  tx: Tx,
  commands: readonly Command[],
): Promise<{ readonly state: LockedState; readonly recordedAt: string }> => {
  const [row] = await hotQuery<{ readonly locked: Locked }>(tx, {
    name: "ledger-lock",
    text: "select ledger_lock($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) as locked",
    values: paramsOf(commands),
  });
  if (row === undefined) throw new TypeError("ledger_lock returned no row");
  const { locked } = row;
  const state: LockedState = {
    levels: mapOf(locked.levels, ([sku, locationId, onHand, reserved, incoming, version]): [string, Level] => [
      levelKey(sku, locationId),
      { sku, locationId, onHand, reserved, incoming, version },
    ]),
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
  return { state, recordedAt: locked.recordedAt };
};
