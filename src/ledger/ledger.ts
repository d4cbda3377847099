import { hash } from "node:crypto";
import type { Answer, Command } from "./commands.ts";
import { Lane, type LaneDeps } from "./lane.ts";
import { parseAnswer } from "./post.ts";

export interface Ledger {
  /** Applies one command durably. Errors: `LedgerBusyError` when full; database errors when it stays unreachable. */
  submit(command: Command): Promise<Answer>;
  /** The same, as the stored text, byte for byte. */
  submitText(command: Command): Promise<string>;
}

const lanesCount = 4;

/** Commands of one SKU always take the same lane, so lanes of a process never wait for each other's row locks. */
export const createLedger = (deps: LaneDeps): Ledger => {
  const lanes = Array.from({ length: lanesCount }, () => new Lane(deps));
  const submitText = (command: Command): Promise<string> => {
    const shard = (hash("sha1", command.sku, "buffer") as Buffer).readUInt32BE(0) % lanesCount;
    return (lanes[shard] as Lane).submit(command);
  };
  return { submitText, submit: async (command) => parseAnswer(await submitText(command)) };
};
