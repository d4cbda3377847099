import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Order } from "./wire.ts";

export type Client = {
  readonly pid: number;
  /** Resolves when the client has noted its last answer, or is dead. */
  storm(order: Order): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Lets it end by itself. */
  end(): Promise<void>;
};

/** A real process with a ledger of its own over `url`; what it learns goes into the file `notes`. */
export const startClient = async (url: string, notes: string): Promise<Client> => {
  const script = fileURLToPath(new URL("client.ts", import.meta.url));
  const child = spawn(process.execPath, [script, url, notes], { stdio: ["pipe", "pipe", "inherit"] });
  const gone = once(child, "exit");
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true || child.pid === undefined) throw new Error("a client did not start");
  return {
    pid: child.pid,
    storm: async (order) => {
      child.stdin.write(`${JSON.stringify(order)}\n`);
      await lines.next();
    },
    kill: async () => {
      child.kill("SIGKILL");
      await gone;
    },
    end: async () => {
      child.stdin.end();
      await gone;
    },
  };
};
