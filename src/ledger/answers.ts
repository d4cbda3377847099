import type { Command, LevelCommand, TransferCommand } from "./commands.ts";

/** Why a command was refused. Stable: programs may branch on them. */
export const refusals = [
  "unknown-sku",
  "unknown-location",
  "unknown-movement",
  "same-location",
  "insufficient-stock",
  "insufficient-incoming",
  "units-over-limit",
  "units-over-reserved",
  "units-over-transfer",
  "duplicate-line",
  "ttl-out-of-range",
  "unknown-reservation",
  "reservation-exists",
  "reservation-closed",
  "reservation-expired",
  "unknown-transfer",
  "transfer-exists",
  "transfer-closed",
  "key-reused",
] as const;
export type Refusal = (typeof refusals)[number];

export type LevelFigures = {
  readonly onHand: number;
  readonly reserved: number;
  readonly incoming: number;
  readonly available: number;
  readonly version: number;
};

/** In every answer that is done, `changed` says whether stock moved. */
export type LevelAnswer = {
  readonly status: "done";
  readonly sku: string;
  readonly locationId: string;
  readonly changed: boolean;
  /** As of the command. */
  readonly level: LevelFigures;
};

/** Open, and still reserved: held − committed − released. */
export type ReservationLine = {
  readonly sku: string;
  readonly locationId: string;
  readonly askedUnits: number;
  readonly heldUnits: number;
  readonly committedUnits: number;
  readonly releasedUnits: number;
};
/**
 * `held` while any line is open; then `committed` if any unit was, `released` if none was, or `expired` if time ended it.
 */
export type ReservationState = "held" | "committed" | "released" | "expired";
export type ReservationAnswer = {
  readonly status: "done";
  readonly changed: boolean;
  readonly reservation: {
    readonly id: string;
    readonly state: ReservationState;
    /** ISO, UTC, by the database's clock; null = no end. */
    readonly expiresAt: string | null;
    readonly lines: readonly ReservationLine[];
  };
};

/** Under way: sent − received − lost − returned. */
export type TransferFigures = {
  readonly id: string;
  readonly sku: string;
  readonly fromLocationId: string;
  readonly toLocationId: string;
  readonly sentUnits: number;
  readonly receivedUnits: number;
  readonly lostUnits: number;
  readonly returnedUnits: number;
};
export type TransferAnswer = {
  readonly status: "done";
  readonly changed: boolean;
  readonly transfer: TransferFigures;
};

/** Nothing was done, and the key stands for this answer for ever. `field` names the part of the command at fault. */
export type RefusedAnswer = {
  readonly status: "refused";
  readonly refusal: Refusal;
  readonly field: string;
  readonly detail: string;
};

/** What the caller is told, byte for byte the same when the key is repeated. */
export type Answer = LevelAnswer | ReservationAnswer | TransferAnswer | RefusedAnswer;

/** What a command of this type can be answered with. */
export type AnswerTo<Asked extends Command> =
  | RefusedAnswer
  | (Asked extends LevelCommand ? LevelAnswer : Asked extends TransferCommand ? TransferAnswer : ReservationAnswer);
