import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sleep } from "./sleep.ts";

/** A role that ended without being killed by us. */
export type OwnEnd = { readonly name: string; readonly code: number | null; readonly signal: string | null };

export type Daemon = {
  readonly name: string;
  pid(): number | undefined;
  /** It has said so, and has not ended since. */
  isUp(): boolean;
  /** kill -9; nobody starts it again before `start`. */
  kill(): Promise<void>;
  start(): void;
  freeze(): void;
  thaw(): void;
  /** In order; -9 when it takes too long. */
  stop(): Promise<void>;
};

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const restartAfterMs = 1_000;
const drainMsMax = 30_000;

/**
 * A process of the product that plays one role, kept alive as a process manager does: what ends by itself is started
 * again after a second, and told to `onOwnEnd` when it had been up.
 */
export const openDaemon = (options: {
  readonly name: string;
  readonly role: "web" | "worker" | "scheduler";
  readonly env: Readonly<Record<string, string>>;
  readonly logDir: string;
  readonly onOwnEnd: (end: OwnEnd) => void;
}): Daemon => {
  const { name, role, logDir } = options;
  const logPath = join(logDir, `${name}.log`);
  let child: ChildProcess | undefined;
  let up = false;
  let wanted = false;

  const start = (): void => {
    wanted = true;
    if (child !== undefined) return;
    const begun = spawn(process.execPath, [main, role], { env: { ...options.env }, stdio: ["ignore", "pipe", "pipe"] });
    child = begun;
    begun.stdout.on("data", (chunk: Buffer) => {
      appendFileSync(logPath, chunk);
      if (chunk.includes('"msg":"up"')) up = child === begun;
    });
    begun.stderr.on("data", (chunk: Buffer) => appendFileSync(logPath, chunk));
    begun.once("exit", (code, signal) => {
      const wasUp = up;
      up = false;
      child = undefined;
      if (!wanted) return;
      appendFileSync(logPath, `{"msg":"ended by itself","code":${code},"signal":"${signal}"}\n`);
      if (wasUp) options.onOwnEnd({ name, code, signal });
      void sleep(restartAfterMs).then(() => (wanted ? start() : undefined));
    });
  };

  const signalled = async (signal: NodeJS.Signals, waitMs: number): Promise<boolean> => {
    wanted = false;
    const ending = child;
    if (ending === undefined) return true;
    const gone = new Promise<boolean>((resolve) => ending.once("exit", () => resolve(true)));
    ending.kill(signal);
    return Promise.race([gone, sleep(waitMs).then(() => false)]);
  };

  return {
    name,
    pid: () => child?.pid,
    isUp: () => up,
    kill: async () => {
      await signalled("SIGKILL", drainMsMax);
    },
    start,
    freeze: () => child?.kill("SIGSTOP"),
    thaw: () => child?.kill("SIGCONT"),
    stop: async () => {
      child?.kill("SIGCONT");
      if (!(await signalled("SIGTERM", drainMsMax))) await signalled("SIGKILL", 5_000);
    },
  };
};
