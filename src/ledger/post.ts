import { type Clock, toIso } from "../core/clock.ts";
import type { Tx } from "../db/sql.ts";
import type { Answer, Command } from "./commands.ts";
import { decide } from "./decide.ts";
import { lockLevels, readKnownKeys, readLocations, readOrderLines } from "./rows.ts";
import { orderLineKey } from "./state.ts";
import { writeDecision } from "./write.ts";

/**
 * Applies commands inside the caller's transaction: lock, decide, write. Answers come in the commands' order, as stored
 * text. A unique violation (the same new key at the same moment in another transaction) surfaces as Postgres error
 * 23505: roll back and post again, then the key is known.
 */
export const post = async (tx: Tx, commands: readonly Command[], clock: Clock): Promise<readonly string[]> => {
  if (commands.length === 0) return [];
  const now = toIso(clock.now());
  // Where lines already are never changes, so this first look needs no lock.
  const linesBefore = await readOrderLines(tx, commands);
  const places = commands.map((command) => ({
    sku: command.sku,
    locationId:
      (command.kind === "order-target" ? linesBefore.get(orderLineKey(command))?.locationId : undefined) ??
      command.locationId,
    create: command.kind !== "adjust",
  }));
  const levels = await lockLevels(tx, places, now);
  // Read after the locks: whatever another writer of these levels committed meanwhile is seen now.
  const orderLines = await readOrderLines(tx, commands);
  const known = await readKnownKeys(tx, [...new Set(commands.map((command) => command.key))]);
  const locations = await readLocations(tx);
  const decision = decide({ levels, orderLines, known, locations }, commands);
  await writeDecision(tx, decision, now);
  return decision.answers;
};

export const parseAnswer = (text: string): Answer => JSON.parse(text) as Answer;

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
