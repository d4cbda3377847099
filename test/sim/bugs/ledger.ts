import { type Bug, bug } from "./bug.ts";

export const ledger: readonly Bug[] = [
  bug(
    "keys-are-forgotten",
    "ledger/lock.ts",
    "known: mapOf(locked.known, ([key, fingerprint, answer]): [string, KnownKey] => [key, { fingerprint, answer }]),",
    "known: new Map<string, KnownKey>(),",
  ),
  bug(
    "reservations-look-at-nothing",
    "ledger/decide-reserve.ts",
    "const free = Math.max(0, available(level));",
    "const free = units;",
  ),
  bug(
    "oversells-leave-no-record",
    "ledger/decide.ts",
    "if (short > 0) incidents.push(incidentOf(command, movement, short));",
    "",
  ),
  bug(
    "posted-again-under-a-new-key",
    "ledger/lane.ts",
    "return await postOnce(commands);",
    "return await postOnce(attempt === 1 ? commands : commands.map((command) => ({ ...command, key: `${command.key}#${attempt}` })));",
  ),
  bug(
    "expiry-gives-nothing-back",
    "ledger/decide-reservation.ts",
    'return close(reservation, reservation.lines.map(openUnits), { as: "released", end: "expired" });',
    'return close(reservation, reservation.lines.map(() => 0), { as: "released", end: "expired" });',
  ),
  bug("commits-stay-on-the-shelf", "ledger/decide-reservation.ts", "dOnHand: commits ? -units : 0,", "dOnHand: 0,"),
];
