import type {
  Command,
  LevelCommand,
  ReservationCommand,
  ReservationUnits,
  Reserve,
  SetOrderTarget,
  TransferCommand,
} from "../../../src/ledger/commands.ts";

import {
  bodyText,
  isNewer,
  open,
  type PlainAnswer,
  type PlainLevel,
  type PlainLine,
  type PlainOrderLine,
  type PlainReservation,
  type PlainTransfer,
  underWay,
} from "./plain-rows.ts";

/**
 * The ledger's rules a second time, as plainly as they can be written: one command after the other on maps in memory, no
 * batches, no locks, no database. Written from the design and the vocabulary, sharing nothing with `src/ledger` but the
 * shapes of commands. Times are epoch milliseconds of the model's own clock.
 */

const most = 1_000_000_000;
const ttlLeast = 1_000;
const ttlMost = 90 * 24 * 3_600_000;

class Refused extends Error {
  readonly answer: PlainAnswer;
  constructor(refusal: string, field: string) {
    super(refusal);
    this.answer = { status: "refused", refusal, field };
  }
}

export class PlainLedger {
  nowMs: number;
  readonly locations: ReadonlySet<string>;
  readonly levels = new Map<string, PlainLevel>();
  readonly reservations = new Map<string, PlainReservation>();
  readonly transfers = new Map<string, PlainTransfer>();
  readonly orderLines = new Map<string, PlainOrderLine>();
  readonly keys = new Map<string, { readonly body: string; readonly answer: PlainAnswer }>();
  movements = 0;
  incidents = 0;
  unitsShort = 0;

  constructor(locations: readonly string[], nowMs: number) {
    this.locations = new Set(locations);
    this.nowMs = nowMs;
  }

  static levelName(sku: string, at: string): string {
    return `${sku} @ ${at}`;
  }

  /** The same state once more, to see what a command would do. */
  copy(): PlainLedger {
    const other = new PlainLedger([...this.locations], this.nowMs);
    for (const [name, level] of this.levels) other.levels.set(name, { ...level });
    for (const [id, { lines, ...rest }] of this.reservations) {
      other.reservations.set(id, { ...rest, lines: lines.map((line) => ({ ...line })) });
    }
    for (const [name, transfer] of this.transfers) other.transfers.set(name, { ...transfer });
    for (const [name, line] of this.orderLines) other.orderLines.set(name, { ...line });
    for (const [key, known] of this.keys) other.keys.set(key, known);
    for (const [name, units] of this.#onTheWay) other.#onTheWay.set(name, units);
    return other;
  }

  apply(command: Command): PlainAnswer {
    this.#makeLevels(command);
    const body = bodyText(command);
    const known = this.keys.get(command.key);
    if (known !== undefined) {
      return known.body === body ? known.answer : { status: "refused", refusal: "key-reused", field: "key" };
    }
    const movementsBefore = this.movements;
    let remembered = true;
    let answer: PlainAnswer;
    try {
      answer = this.#do(command);
      // These repeat themselves by nature: what changed nothing leaves no trace.
      const repeats = command.kind === "order-target" || command.kind === "expire";
      remembered = !repeats || this.movements > movementsBefore;
      answer = { ...answer, changed: this.movements > movementsBefore };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      answer = error.answer;
    }
    if (remembered) this.keys.set(command.key, { body, answer });
    return answer;
  }

  /** Units that come in, are expected, counted or sold make their SKU known; other commands ask for a known one. */
  #makeLevels(command: Command): void {
    const make = (sku: string, at: string): void => {
      const name = PlainLedger.levelName(sku, at);
      if (this.locations.has(at) && !this.levels.has(name)) {
        this.levels.set(name, { onHand: 0, reserved: 0, incoming: 0, version: 0 });
      }
    };
    switch (command.kind) {
      case "receive":
      case "expect":
      case "count":
      case "return":
        return make(command.sku, command.locationId);
      case "transfer-send":
        return make(command.sku, command.toLocationId);
      case "order-target":
        return make(command.sku, this.orderLines.get(PlainLedger.#orderName(command))?.at ?? command.locationId);
      default:
    }
  }

  #do(command: Command): PlainAnswer {
    switch (command.kind) {
      case "transfer-send":
      case "transfer-receive":
      case "transfer-cancel":
        return this.#transfer(command);
      case "reserve":
        return this.#reserve(command);
      case "commit":
      case "release":
      case "extend":
      case "expire":
        return this.#reservation(command);
      case "order-target":
        return this.#orderTarget(command);
      default:
        return this.#stock(command);
    }
  }

  #level(sku: string, at: string, locationField = "location", skuField = "sku"): PlainLevel {
    if (!this.locations.has(at)) throw new Refused("unknown-location", locationField);
    const level = this.levels.get(PlainLedger.levelName(sku, at));
    if (level === undefined) throw new Refused("unknown-sku", skuField);
    return level;
  }

  #move(level: PlainLevel, onHand: number, reserved: number, incoming: number): void {
    if (onHand === 0 && reserved === 0 && incoming === 0) return;
    const before = level.onHand - level.reserved;
    level.onHand += onHand;
    level.reserved += reserved;
    level.incoming += incoming;
    level.version += 1;
    this.movements += 1;
    const after = level.onHand - level.reserved;
    if (after < 0 && after < before) {
      this.incidents += 1;
      this.unitsShort += Math.min(before, 0) - after;
    }
  }

  #levelAnswer(sku: string, at: string, level: PlainLevel): PlainAnswer {
    const { onHand, reserved, incoming, version } = level;
    const figures = { onHand, reserved, incoming, available: onHand - reserved, version };
    return { status: "done", sku, locationId: at, level: figures };
  }

  #stock(command: Exclude<LevelCommand, SetOrderTarget>): PlainAnswer {
    const { sku, locationId: at } = command;
    const level = this.#level(sku, at);
    let onHand = 0;
    let incoming = 0;
    let onHandField = "units";
    let incomingField = "units";
    if (command.kind === "receive") {
      onHand = command.units;
      incoming = command.fromIncoming === true ? -command.units : 0;
    } else if (command.kind === "expect") incoming = command.units;
    else if (command.kind === "adjust") onHand = command.units;
    else if (command.kind === "count") onHand = command.units - level.onHand;
    else if (command.kind === "return") onHand = command.restock ? command.units : 0;
    else {
      // The model knows no ids of movements; those that are drawn are never there.
      if (command.corrects !== null) throw new Refused("unknown-movement", "corrects");
      onHand = command.onHandUnits;
      incoming = command.incomingUnits;
      onHandField = "onHandUnits";
      incomingField = "incomingUnits";
    }
    if (level.onHand + onHand > most) throw new Refused("units-over-limit", onHandField);
    if (level.incoming + incoming > most) throw new Refused("units-over-limit", incomingField);
    if (onHand < 0 && level.onHand + onHand < 0) throw new Refused("insufficient-stock", onHandField);
    if (incoming < 0 && level.incoming - this.#inTransit(sku, at) + incoming < 0) {
      throw new Refused("insufficient-incoming", incomingField);
    }
    this.#move(level, onHand, 0, incoming);
    return this.#levelAnswer(sku, at, level);
  }

  /** Open transfers by their SKU and receiver: a sum over all of them at every question would take for ever. */
  readonly #onTheWay = new Map<string, number>();
  #inTransit(sku: string, at: string): number {
    return this.#onTheWay.get(PlainLedger.levelName(sku, at)) ?? 0;
  }

  #transfer(command: TransferCommand): PlainAnswer {
    const { sku, transferId } = command;
    const name = `${transferId} of ${sku}`;
    let transfer = this.transfers.get(name);
    if (command.kind === "transfer-send") {
      const { fromLocationId: from, toLocationId: to, units } = command;
      if (from === to) throw new Refused("same-location", "toLocation");
      if (transfer !== undefined) throw new Refused("transfer-exists", "transferId");
      const here = this.#level(sku, from, "fromLocation");
      const there = this.#level(sku, to, "toLocation");
      if (here.onHand - here.reserved < units) throw new Refused("insufficient-stock", "units");
      if (there.incoming + units > most) throw new Refused("units-over-limit", "units");
      transfer = { from, to, sent: units, received: 0, lost: 0, returned: 0 };
      this.transfers.set(name, transfer);
      this.#move(here, -units, 0, 0);
      this.#wander(sku, transfer, 0, units);
    } else {
      if (transfer === undefined) throw new Refused("unknown-transfer", "transferId");
      const left = underWay(transfer);
      if (left === 0) throw new Refused("transfer-closed", "transferId");
      if (command.kind === "transfer-receive") {
        const { units, lostUnits } = command;
        if (units + lostUnits > left) throw new Refused("units-over-transfer", units > left ? "units" : "lostUnits");
        transfer.received += units;
        transfer.lost += lostUnits;
        this.#wander(sku, transfer, units, -units - lostUnits);
      } else {
        transfer.returned += left;
        this.#move(this.#level(sku, transfer.from), left, 0, 0);
        this.#wander(sku, transfer, 0, -left);
      }
    }
    return {
      status: "done",
      transfer: {
        id: transferId,
        sku,
        fromLocationId: transfer.from,
        toLocationId: transfer.to,
        sentUnits: transfer.sent,
        receivedUnits: transfer.received,
        lostUnits: transfer.lost,
        returnedUnits: transfer.returned,
      },
    };
  }

  #wander(sku: string, { to }: PlainTransfer, onHand: number, incoming: number): void {
    this.#move(this.#level(sku, to), onHand, 0, incoming);
    this.#onTheWay.set(PlainLedger.levelName(sku, to), this.#inTransit(sku, to) + incoming);
  }

  #checkTtl(ttlMs: number): void {
    if (!Number.isInteger(ttlMs) || ttlMs < ttlLeast || ttlMs > ttlMost) throw new Refused("ttl-out-of-range", "ttlMs");
  }

  #reserve({ reservationId, lines: asked, mode, ttlMs }: Reserve): PlainAnswer {
    if (this.reservations.has(reservationId)) throw new Refused("reservation-exists", "reservationId");
    if (ttlMs !== null) this.#checkTtl(ttlMs);
    const lines: PlainLine[] = [];
    for (const [index, { sku, locationId: at, units }] of asked.entries()) {
      if (lines.some((line) => line.sku === sku && line.at === at))
        throw new Refused("duplicate-line", `lines[${index}].sku`);
      const level = this.#level(sku, at, `lines[${index}].location`, `lines[${index}].sku`);
      const free = Math.max(0, level.onHand - level.reserved);
      if (mode === "all" && units > free) throw new Refused("insufficient-stock", `lines[${index}].units`);
      lines.push({ sku, at, asked: units, held: Math.min(units, free), committed: 0, released: 0 });
    }
    if (lines.every((line) => line.held === 0)) throw new Refused("insufficient-stock", "lines");
    for (const { sku, at, held } of lines) this.#move(this.#level(sku, at), 0, held, 0);
    const reservation = { state: "held", endsMs: ttlMs === null ? null : this.nowMs + ttlMs, lines };
    this.reservations.set(reservationId, reservation);
    return this.#reservationAnswer(reservationId, reservation);
  }

  #reservationAnswer(id: string, { state, endsMs, lines }: PlainReservation): PlainAnswer {
    return {
      status: "done",
      reservation: {
        id,
        state,
        expiresAt: endsMs === null ? null : new Date(endsMs).toISOString(),
        lines: lines.map((line) => ({
          sku: line.sku,
          locationId: line.at,
          askedUnits: line.asked,
          heldUnits: line.held,
          committedUnits: line.committed,
          releasedUnits: line.released,
        })),
      },
    };
  }

  #reservation(command: Exclude<ReservationCommand, Reserve>): PlainAnswer {
    const id = command.reservationId;
    const reservation = this.reservations.get(id);
    if (reservation === undefined) throw new Refused("unknown-reservation", "reservationId");
    const isHeld = reservation.state === "held";
    const isOver = reservation.endsMs !== null && reservation.endsMs <= this.nowMs;
    if (command.kind === "expire") {
      if (isHeld && isOver) {
        this.#take(reservation, null, "released");
        reservation.state = "expired";
      }
      return this.#reservationAnswer(id, reservation);
    }
    if (reservation.state === "expired" || (isHeld && isOver))
      throw new Refused("reservation-expired", "reservationId");
    if (!isHeld) throw new Refused("reservation-closed", "reservationId");
    if (command.kind === "extend") {
      this.#checkTtl(command.ttlMs);
      if (reservation.endsMs !== null) reservation.endsMs = Math.max(reservation.endsMs, this.nowMs + command.ttlMs);
      return this.#reservationAnswer(id, reservation);
    }
    this.#take(reservation, command.lines, command.kind === "commit" ? "committed" : "released");
    if (reservation.lines.every((line) => open(line) === 0)) {
      reservation.state = reservation.lines.some((line) => line.committed > 0) ? "committed" : "released";
    }
    return this.#reservationAnswer(id, reservation);
  }

  #take(reservation: PlainReservation, asked: readonly ReservationUnits[] | null, how: "committed" | "released"): void {
    const taken = new Map<PlainLine, number>();
    if (asked === null) for (const line of reservation.lines) taken.set(line, open(line));
    for (const [index, { sku, locationId, units }] of (asked ?? []).entries()) {
      const line = reservation.lines.find((one) => one.sku === sku && one.at === locationId);
      if (line === undefined || (taken.get(line) ?? 0) + units > open(line)) {
        throw new Refused("units-over-reserved", `lines[${index}].units`);
      }
      taken.set(line, (taken.get(line) ?? 0) + units);
    }
    for (const [line, units] of taken) {
      line[how] += units;
      this.#move(this.#level(line.sku, line.at), how === "committed" ? -units : 0, -units, 0);
    }
  }

  static #orderName(command: SetOrderTarget): string {
    return [command.accountId, command.orderRef, command.lineRef, command.sku].join(" ");
  }

  #orderTarget(command: SetOrderTarget): PlainAnswer {
    const name = PlainLedger.#orderName(command);
    const line = this.orderLines.get(name);
    const at = line?.at ?? command.locationId;
    const level = this.#level(command.sku, at);
    const { holdUnits: hold, leftUnits: left, backUnits: back } = command.target;
    const updatedMs = Date.parse(command.sourceUpdatedAt);
    const observedMs = Date.parse(command.sourceObservedAt);
    const seen = { at, hold, left, back, updatedMs, observedMs };
    if (line === undefined || isNewer(seen, line)) {
      const before = line ?? { hold: 0, left: 0, back: 0 };
      this.#move(level, back - before.back - (left - before.left), hold - before.hold, 0);
      this.orderLines.set(name, seen);
    }
    return this.#levelAnswer(command.sku, at, level);
  }
}
