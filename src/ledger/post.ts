import { type HotStatement, hotQuery, type Tx } from "../db/sql.ts";
import type { Command } from "./commands.ts";
import { decide } from "./decide.ts";
import { lockState } from "./lock.ts";
import type { Level } from "./state.ts";
import { writeStatement } from "./write.ts";

export type Prepared = {
  readonly answers: readonly string[];
  readonly write: HotStatement | undefined;
  /** The levels it looked at, as they are once it is committed; those it changed come last. */
  readonly levels: readonly Level[];
  readonly clockAt: string;
};

/**
 * Locks and decides inside the caller's transaction; what remains to be done is `write`, the transaction's last
 * statement. Answers come in the commands' order, as stored text, and are true once that is committed.
 */
export const prepare = async (tx: Tx, commands: readonly Command[]): Promise<Prepared> => {
  const { state, recordedAt } = await lockState(tx, commands);
  const decision = decide(state, commands);
  return {
    answers: decision.answers,
    write: writeStatement(decision, recordedAt),
    levels: [...state.levels.values(), ...decision.levels],
    clockAt: state.clockAt,
  };
};

/**
 * Applies commands inside the caller's transaction: lock, decide, write. Once a transaction: a second call would lock
 * levels out of order. A unique violation (the same new key, reservation or transfer at the same moment in another
 * transaction) surfaces as Postgres error 23505: roll back and post again, then it is known.
 */
export const post = async (tx: Tx, commands: readonly Command[]): Promise<readonly string[]> => {
  if (commands.length === 0) return [];
  const { answers, write } = await prepare(tx, commands);
  if (write !== undefined) await hotQuery(tx, write);
  return answers;
};

/** Names an order target's effect: the same view of the same line is the same effect, from whatever door it came. */
export const orderTargetKey = (command: {
  readonly accountId: string;
  readonly orderRef: string;
  readonly lineRef: string;
  readonly sku: string;
  readonly sourceUpdatedAt: string;
  readonly sourceObservedAt: string;
  readonly target: { readonly holdUnits: number; readonly leftUnits: number; readonly backUnits: number };
}): string => {
  const { holdUnits, leftUnits, backUnits } = command.target;
  return `order:${JSON.stringify([
    command.accountId,
    command.orderRef,
    command.lineRef,
    command.sku,
    command.sourceUpdatedAt,
    command.sourceObservedAt,
    holdUnits,
    leftUnits,
    backUnits,
  ])}`;
};
