import { numbersText, textsText } from "../db/array-text.ts";
import type { HotStatement } from "../db/sql.ts";
import type { Decision } from "./decide.ts";

const jsonOrNull = (rows: readonly unknown[]): string | null => (rows.length === 0 ? null : JSON.stringify(rows));

const keyParams = ({ newKeys }: Decision): readonly string[] => [
  textsText(newKeys.map((one) => one.key)),
  textsText(newKeys.map((one) => one.fingerprint)),
  textsText(newKeys.map((one) => one.answer)),
];

const levelParams = ({ levels }: Decision): readonly string[] => [
  textsText(levels.map((level) => level.sku)),
  textsText(levels.map((level) => level.locationId)),
  numbersText(levels.map((level) => level.onHand)),
  numbersText(levels.map((level) => level.reserved)),
  numbersText(levels.map((level) => level.incoming)),
  numbersText(levels.map((level) => level.version)),
];

const movementParams = ({ movements }: Decision): readonly string[] => [
  textsText(movements.map((one) => one.commandKey)),
  numbersText(movements.map((one) => one.leg)),
  textsText(movements.map((one) => one.kind)),
  textsText(movements.map((one) => one.sku)),
  textsText(movements.map((one) => one.locationId)),
  numbersText(movements.map((one) => one.dOnHand)),
  numbersText(movements.map((one) => one.dReserved)),
  numbersText(movements.map((one) => one.dIncoming)),
  numbersText(movements.map((one) => one.after.onHand)),
  numbersText(movements.map((one) => one.after.reserved)),
  numbersText(movements.map((one) => one.after.incoming)),
  numbersText(movements.map((one) => one.after.version)),
  textsText(movements.map((one) => one.causeType)),
  textsText(movements.map((one) => one.causeId)),
  textsText(movements.map((one) => one.actor)),
  textsText(movements.map((one) => one.reason)),
  textsText(movements.map((one) => one.occurredAt)),
];

const reservationParams = ({ newReservations }: Decision): readonly string[] => {
  const lines = newReservations.flatMap(({ id, lines: own }) => own.map((line, number) => ({ id, number, ...line })));
  return [
    textsText(newReservations.map((one) => one.id)),
    textsText(newReservations.map((one) => one.state)),
    textsText(newReservations.map((one) => one.reference)),
    textsText(newReservations.map((one) => one.actor)),
    textsText(newReservations.map((one) => one.expiresAt)),
    textsText(lines.map((line) => line.id)),
    numbersText(lines.map((line) => line.number)),
    textsText(lines.map((line) => line.sku)),
    textsText(lines.map((line) => line.locationId)),
    numbersText(lines.map((line) => line.askedUnits)),
    numbersText(lines.map((line) => line.heldUnits)),
    numbersText(lines.map((line) => line.committedUnits)),
    numbersText(lines.map((line) => line.releasedUnits)),
  ];
};

const params = Array.from({ length: 45 }, (_, index) => `$${index + 1}`).join(", ");

/** Everything a decision changes, as one statement; undefined when it changes nothing. */
export const writeStatement = (decision: Decision, recordedAt: string): HotStatement | undefined =>
  decision.newKeys.length === 0 && decision.orderLines.length === 0
    ? undefined
    : {
        name: "ledger-write",
        text: `select ledger_write(${params})`,
        values: [
          recordedAt,
          ...keyParams(decision),
          ...levelParams(decision),
          ...movementParams(decision),
          ...reservationParams(decision),
          jsonOrNull(decision.changedReservations),
          jsonOrNull(decision.newTransfers),
          jsonOrNull(decision.changedTransfers),
          jsonOrNull(decision.orderLines),
          jsonOrNull(decision.incidents),
        ],
      };
