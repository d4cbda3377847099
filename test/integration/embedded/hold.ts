import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export type Holder = {
  readonly url: string;
  readonly pid: number;
  /** The next line that the process prints. */
  nextLine(): Promise<string>;
  kill(signal: NodeJS.Signals): Promise<void>;
};

const ended = (child: ChildProcess): Promise<unknown> =>
  child.exitCode === null && child.signalCode === null ? once(child, "exit") : Promise.resolve();

/** Starts `holder.ts` as the leader of a process group, as a terminal would, and waits for its server. */
export const hold = async (kind: "postgres" | "redis", dataDir: string): Promise<Holder> => {
  const script = fileURLToPath(new URL("holder.ts", import.meta.url));
  const child = spawn(process.execPath, [script, kind, dataDir], {
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error("the holder ended without a word");
    return line.value;
  };
  const url = await nextLine();
  const { pid } = child;
  if (pid === undefined) throw new Error("the holder was not started");
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended(child);
  };
  return { url, pid, nextLine, kill };
};

export const portOf = (url: string): number => Number(new URL(url).port);
