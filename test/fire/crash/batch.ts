import type { Command } from "../../../src/ledger/commands.ts";
import { actions, type World } from "../steps/actions.ts";

/** One batch with commands of every kind, of which some are refused because of others before them. */
export const batchOf = (world: World): readonly Command[] => {
  const seen = new Set<string>();
  return actions
    .flatMap((action) => action.commands(world, "a"))
    .filter(({ key }) => !seen.has(key) && seen.add(key) !== undefined);
};
