import { assertNever } from "../core/failure.ts";
import type { TransferAnswer } from "../ledger/answers.ts";
import type { TransferCommand } from "../ledger/commands.ts";
import type { CommandBase, LineWork } from "./submit-lines.ts";
import type { TransferDoneLine, TransferLine } from "./transfer-schemas.ts";

const commandOf = (line: TransferLine, base: CommandBase): TransferCommand => {
  const { transferId, sku } = line;
  const common = { ...base, transferId, sku, reason: line.reason ?? null };
  switch (line.action) {
    case "send": {
      const { fromLocation: fromLocationId, toLocation: toLocationId, units } = line;
      return { ...common, kind: "transfer-send", fromLocationId, toLocationId, units };
    }
    case "receive":
      return { ...common, kind: "transfer-receive", units: line.units, lostUnits: line.lostUnits ?? 0 };
    case "cancel":
      return { ...common, kind: "transfer-cancel" };
    default:
      return assertNever(line);
  }
};

/** A transfer's line as its command, and the command's answer as the line's. */
export const transferWork: LineWork<TransferLine, TransferAnswer, TransferDoneLine> = {
  send: (ledger, line, base, options) => ledger.submit(commandOf(line, base), options),
  doneOf: ({ transfer }, line) => {
    const { id, sku, sentUnits, receivedUnits, lostUnits, returnedUnits } = transfer;
    return {
      line,
      status: "done",
      transfer: {
        id,
        sku,
        fromLocation: transfer.fromLocationId,
        toLocation: transfer.toLocationId,
        sentUnits,
        receivedUnits,
        lostUnits,
        returnedUnits,
        underWayUnits: sentUnits - receivedUnits - lostUnits - returnedUnits,
      },
    };
  },
};
