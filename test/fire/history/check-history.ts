import { canonicalJson } from "../../../src/core/digest.ts";
import type { Command } from "../../../src/ledger/commands.ts";
import { PlainLedger } from "../model/plain-ledger.ts";
import type { PlainAnswer } from "../model/plain-rows.ts";

/** One call of one client, on one clock. A call that was repeated under its key is one call. */
export type Call = {
  readonly command: Command;
  readonly invokedMs: number;
  readonly returnedMs: number;
  readonly answer: PlainAnswer;
};
/** Where the journal has put a call's movements: level and version. */
export type Placed = { readonly level: string; readonly version: number };

type Verdict = { readonly faults: readonly string[]; readonly moved: number; readonly still: number };

/**
 * Whether a history is linearizable: there must be one order of all calls that keeps real time (who had returned before
 * another was invoked comes first) and in which the plain ledger gives everybody the very answer they got.
 *
 * Wing and Gong search for such an order. Here most of it is on record, since versions of a level are gapless: of the calls
 * that moved stock, each is where the journal put it on every level it touched. So the order is checked, not sought: merged
 * over all levels it must be free of cycles and keep real time; any such merge gives the same states, level by level. Calls
 * that moved nothing (refusals) leave no version. They change nothing either, so each is tried in the states it may have
 * seen, from the earliest on; the earliest that fits leaves most room to those after it.
 */
export const checkHistory = (
  start: PlainLedger,
  calls: readonly Call[],
  placedOf: (key: string) => readonly Placed[],
): Verdict => {
  const faults: string[] = [];
  const model = start.copy();
  const waiting = calls
    .flatMap((call) => (placedOf(call.command.key).length > 0 ? [call] : []))
    .toSorted((a, b) => a.returnedMs - b.returnedMs);
  const moved = waiting.length;
  let still = calls
    .filter((call) => placedOf(call.command.key).length === 0)
    .toSorted((a, b) => a.invokedMs - b.invokedMs);
  const stillCount = still.length;
  const versions = new Map([...start.levels].map(([level, { version }]) => [level, version]));
  const isNext = ({ level, version }: Placed): boolean => version === (versions.get(level) ?? 0) + 1;

  /** Tries those that moved nothing in the state of now. */
  const placeStill = (): void => {
    const left: Call[] = [];
    for (const call of still) {
      // It must not see a state after its return, nor come before a call that had returned when it was invoked.
      const mayBeHere =
        waiting.every((one) => one.returnedMs >= call.invokedMs) &&
        left.every((one) => one.returnedMs >= call.invokedMs);
      const fits = mayBeHere && canonicalJson(model.copy().apply(call.command)) === canonicalJson(call.answer);
      if (fits) model.apply(call.command);
      else left.push(call);
    }
    still = left;
  };

  placeStill();
  while (waiting.length > 0) {
    const firstReturnMs = waiting[0]?.returnedMs ?? 0;
    const index = waiting.findIndex(
      (call) => call.invokedMs <= firstReturnMs && placedOf(call.command.key).every(isNext),
    );
    const [call] = index < 0 ? [] : waiting.splice(index, 1);
    if (call === undefined) {
      faults.push(
        `no order of the journal keeps real time: ${waiting.length} calls are left, the first ${waiting[0]?.command.key}`,
      );
      break;
    }
    // Whoever returned before this one was invoked and moved nothing had its last chance.
    for (const one of still.filter((other) => other.returnedMs < call.invokedMs)) {
      faults.push(`${one.command.key} was answered ${canonicalJson(one.answer)} in no state it can have seen`);
    }
    still = still.filter((other) => other.returnedMs >= call.invokedMs);
    const expected = model.apply(call.command);
    if (canonicalJson(expected) !== canonicalJson(call.answer)) {
      faults.push(
        `${call.command.key} was answered ${canonicalJson(call.answer)}, should be ${canonicalJson(expected)}`,
      );
    }
    for (const { level, version } of placedOf(call.command.key)) versions.set(level, version);
    placeStill();
  }
  for (const one of still) {
    faults.push(`${one.command.key} was answered ${canonicalJson(one.answer)} in no state it can have seen`);
  }
  return { faults, moved, still: stillCount };
};

export const levelNameOf = PlainLedger.levelName;
