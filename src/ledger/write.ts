import { jsonTexts, numbersText, textsText } from "../db/array-text.ts";
import type { HotStatement } from "../db/sql.ts";
import type { Decision } from "./decide.ts";
import type { Level } from "./state.ts";

const jsonOrNull = (rows: readonly unknown[]): string | null => (rows.length === 0 ? null : JSON.stringify(rows));

const keyParams = ({ newKeys }: Decision): readonly string[] => [
  textsText(newKeys, (one) => one.key),
  textsText(newKeys, (one) => one.fingerprint),
  jsonTexts(newKeys, (one) => one.answer),
];

const levelParams = ({ levels }: Decision): readonly string[] => [
  textsText(levels, (level) => level.sku),
  textsText(levels, (level) => level.locationId),
  numbersText(levels, (level) => level.onHand),
  numbersText(levels, (level) => level.reserved),
  numbersText(levels, (level) => level.incoming),
  numbersText(levels, (level) => level.version),
];

const movementParams = ({ movements }: Decision): readonly string[] => [
  textsText(movements, (one) => one.commandKey),
  numbersText(movements, (one) => one.leg),
  textsText(movements, (one) => one.kind),
  textsText(movements, (one) => one.sku),
  textsText(movements, (one) => one.locationId),
  numbersText(movements, (one) => one.dOnHand),
  numbersText(movements, (one) => one.dReserved),
  numbersText(movements, (one) => one.dIncoming),
  numbersText(movements, (one) => one.after.onHand),
  numbersText(movements, (one) => one.after.reserved),
  numbersText(movements, (one) => one.after.incoming),
  numbersText(movements, (one) => one.after.version),
  textsText(movements, (one) => one.causeType),
  textsText(movements, (one) => one.causeId),
  textsText(movements, (one) => one.actor),
  textsText(movements, (one) => one.reason),
  textsText(movements, (one) => one.occurredAt),
];

const reservationParams = ({ newReservations }: Decision): readonly string[] => [
  textsText(newReservations, (one) => one.id),
  textsText(newReservations, (one) => one.state),
  textsText(newReservations, (one) => one.reference),
  textsText(newReservations, (one) => one.actor),
  textsText(newReservations, (one) => one.expiresAt),
  jsonTexts(newReservations, (one) => JSON.stringify(one.lines)),
];

/** What a decision was made on when nothing was locked yet: the first ten of `ledger_write` hold it against what is there. */
export type SeenAhead = {
  readonly levels: readonly Level[];
  /** Reservations that must not be there. */
  readonly absentReservations: readonly string[];
  /** Null: time plays no part. */
  readonly clockAt: string | null;
  readonly clockSlackMs: number;
};

const seenParams = ({ levels, absentReservations, clockAt, clockSlackMs }: SeenAhead) => [
  null,
  textsText(levels, (level) => level.sku),
  textsText(levels, (level) => level.locationId),
  numbersText(levels, (level) => level.onHand),
  numbersText(levels, (level) => level.reserved),
  numbersText(levels, (level) => level.incoming),
  numbersText(levels, (level) => level.version),
  textsText(absentReservations, (id) => id),
  clockAt,
  clockSlackMs,
];
const lockedParams = (recordedAt: string) => [recordedAt, ...Array.from({ length: 9 }, () => null)];

const params = Array.from({ length: 47 }, (_, index) => `$${index + 1}`).join(", ");

const statementOf = (decision: Decision, first: readonly unknown[]): HotStatement => ({
  name: "ledger-write",
  text: `select ledger_write(${params}) as "clockAt"`,
  values: [
    ...first,
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
});

/** Everything a decision changes, as one statement; undefined when it changes nothing. */
export const writeStatement = (decision: Decision, recordedAt: string): HotStatement | undefined =>
  decision.newKeys.length === 0 && decision.orderLines.length === 0
    ? undefined
    : statementOf(decision, lockedParams(recordedAt));

/** The same for one that was decided ahead: does it all, or fails because something is not as it was seen. */
export const writeAheadStatement = (decision: Decision, seen: SeenAhead): HotStatement =>
  statementOf(decision, seenParams(seen));
