import { hash } from "node:crypto";
import { availableParallelism } from "node:os";
import type { Answer, AnswerTo } from "./answers.ts";
import type { Command } from "./commands.ts";
import { createLane, type Lane, type LaneDeps, type LaneLimits } from "./lane.ts";
import { createLevelMemory } from "./memory.ts";

/** Callers take turns in a full batch. Without a caller it is the command's actor. */
export type SubmitOptions = { readonly caller?: string };

export interface Ledger {
  /** Applies one command durably. Errors: `LedgerBusyError` when full; database errors when it stays unreachable. */
  submit<Asked extends Command>(command: Asked, options?: SubmitOptions): Promise<AnswerTo<Asked>>;
  /** The same, as the stored text, byte for byte. */
  submitText(command: Command, options?: SubmitOptions): Promise<string>;
}

/** More lanes than cores only make smaller batches, and a batch's fixed cost is most of what a small one costs. */
const lanesCount = Math.min(4, availableParallelism());

/** A reservation's later commands do not name its SKUs; its id keeps them in one lane, in their order. */
const shardOf = (command: Command): string => {
  if (command.kind === "reserve") return command.lines[0]?.sku ?? command.reservationId;
  return "reservationId" in command ? command.reservationId : command.sku;
};

export const parseAnswer = (text: string): Answer => JSON.parse(text) as Answer;

/**
 * Commands of one SKU always take the same lane, so lanes of a process rarely wait for each other's row locks. Whoever
 * sends two commands that need an order awaits the first.
 */
export const createLedger = (deps: LaneDeps, limits?: LaneLimits): Ledger => {
  const memory = createLevelMemory();
  const lanes = Array.from({ length: lanesCount }, () => createLane(deps, limits, memory));
  const submitText = (command: Command, options: SubmitOptions = {}): Promise<string> => {
    const shard = (hash("sha1", shardOf(command), "buffer") as Buffer).readUInt32BE(0) % lanesCount;
    return (lanes[shard] as Lane).submit(command, options.caller ?? command.actor);
  };
  return {
    submitText,
    submit: async <Asked extends Command>(command: Asked, options?: SubmitOptions) =>
      parseAnswer(await submitText(command, options)) as AnswerTo<Asked>,
  };
};
