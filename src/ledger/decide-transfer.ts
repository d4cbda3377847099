import { assertNever } from "../core/failure.ts";
import { unitsMax } from "../core/ids.ts";
import type { CancelTransfer, ReceiveTransfer, SendTransfer, TransferCommand } from "./commands.ts";
import { type Book, type Effect, isRefused, knownLevel, refuse } from "./effect.ts";
import { available, type Move, type Transfer, underWay } from "./state.ts";

type Change = Pick<Move, "locationId" | "dOnHand" | "dIncoming">;

const done = (command: TransferCommand, transfer: Transfer, changes: readonly Change[]): Effect => ({
  kind: "done",
  moves: changes
    .filter((change) => change.dOnHand !== 0 || change.dIncoming !== 0)
    .map((change) => ({
      kind: "transfer",
      causeType: "transfer",
      causeId: transfer.id,
      sku: transfer.sku,
      dReserved: 0,
      reason: command.reason,
      ...change,
    })),
  remember: true,
  about: { transfer },
});

const send = (command: SendTransfer, book: Book): Effect => {
  const { transferId: id, sku, fromLocationId, toLocationId, units } = command;
  if (fromLocationId === toLocationId) {
    return refuse("same-location", "toLocation", `units are at "${toLocationId}" already; name another location`);
  }
  if (book.transfer(id, sku) !== undefined) {
    const detail = `transfer "${id}" has "${sku}" already; choose another id`;
    return refuse("transfer-exists", "transferId", detail);
  }
  const from = knownLevel(book, { sku, locationId: fromLocationId }, { location: "fromLocation", sku: "sku" });
  if (isRefused(from)) return from;
  const to = knownLevel(book, { sku, locationId: toLocationId }, { location: "toLocation", sku: "sku" });
  if (isRefused(to)) return to;
  if (available(from) < units) {
    const free = Math.max(0, available(from));
    const detail = `only ${free} of "${sku}" available at "${fromLocationId}", ${units} asked; send fewer`;
    return refuse("insufficient-stock", "units", detail);
  }
  if (to.incoming + units > unitsMax) {
    return refuse("units-over-limit", "units", `incoming would pass ${unitsMax}; send fewer units`);
  }
  const transfer = { id, sku, fromLocationId, toLocationId, sentUnits: units, receivedUnits: 0, lostUnits: 0 };
  return done(command, { ...transfer, returnedUnits: 0 }, [
    { locationId: fromLocationId, dOnHand: -units, dIncoming: 0 },
    { locationId: toLocationId, dOnHand: 0, dIncoming: units },
  ]);
};

const receive = (command: ReceiveTransfer, transfer: Transfer): Effect => {
  const ended = command.units + command.lostUnits;
  if (ended > underWay(transfer)) {
    const detail = `only ${underWay(transfer)} of "${transfer.sku}" under way in transfer "${transfer.id}", ${ended} named; adjust what came beyond it`;
    return refuse("units-over-transfer", command.units > underWay(transfer) ? "units" : "lostUnits", detail);
  }
  const after = {
    ...transfer,
    receivedUnits: transfer.receivedUnits + command.units,
    lostUnits: transfer.lostUnits + command.lostUnits,
  };
  return done(command, after, [{ locationId: transfer.toLocationId, dOnHand: command.units, dIncoming: -ended }]);
};

const cancel = (command: CancelTransfer, transfer: Transfer): Effect => {
  const units = underWay(transfer);
  return done(command, { ...transfer, returnedUnits: transfer.returnedUnits + units }, [
    { locationId: transfer.fromLocationId, dOnHand: units, dIncoming: 0 },
    { locationId: transfer.toLocationId, dOnHand: 0, dIncoming: -units },
  ]);
};

/** Out here, incoming there, in there: whatever left one shelf is on the other, under way, back, or stated as lost. */
export const decideTransfer = (command: TransferCommand, book: Book): Effect => {
  if (command.kind === "transfer-send") return send(command, book);
  const { transferId, sku } = command;
  const transfer = book.transfer(transferId, sku);
  if (transfer === undefined) {
    return refuse("unknown-transfer", "transferId", `there is no transfer "${transferId}" of "${sku}"`);
  }
  if (underWay(transfer) === 0) {
    const detail = `nothing of "${sku}" is under way in transfer "${transferId}" any more`;
    return refuse("transfer-closed", "transferId", detail);
  }
  switch (command.kind) {
    case "transfer-receive":
      return receive(command, transfer);
    case "transfer-cancel":
      return cancel(command, transfer);
    default:
      return assertNever(command);
  }
};
