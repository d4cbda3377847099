import { canonicalJson, sha256Hex } from "../core/digest.ts";
import type { Command, ReservationUnits } from "./commands.ts";

const unitsOf = (lines: readonly ReservationUnits[] | null): unknown =>
  lines?.map((line) => [line.sku, line.locationId, line.units]) ?? null;

/** Every field but key, actor and occurredAt, in one order. By hand where commands come by the ten thousand a second. */
const bodyOf = (command: Command): string => {
  switch (command.kind) {
    case "reserve":
      return JSON.stringify([
        command.kind,
        command.reservationId,
        command.mode,
        command.ttlMs,
        command.reference,
        unitsOf(command.lines),
      ]);
    case "commit":
    case "release":
      return JSON.stringify([command.kind, command.reservationId, unitsOf(command.lines)]);
    default: {
      const { key: _key, actor: _actor, occurredAt: _occurredAt, ...body } = command;
      return canonicalJson(body);
    }
  }
};

/** The body that a key stands for: everything but the key itself and who repeated it, when. */
export const commandFingerprint = (command: Command): string => sha256Hex(bodyOf(command));
