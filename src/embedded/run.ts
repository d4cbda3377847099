import { spawn } from "node:child_process";
import type { Clock } from "../core/clock.ts";

/** What a server or tool sees: no secrets of ours, no PG… or APT… variables that would change what it does. */
const plainEnvironment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
  TZ: "UTC",
} as const;

export type Command = {
  readonly file: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  /** Added to `plainEnvironment`; "inherited" = the caller's own, for what must see the user's PATH. */
  readonly env?: Readonly<Record<string, string>> | "inherited";
  readonly input?: string;
};

export type Finished = { readonly code: number | undefined; readonly stdout: string; readonly stderr: string };

const outputCharsMax = 200_000;

export const spawnOptions = (command: Command) => ({
  // Its own process group: Ctrl-C in the terminal is for us, and we decide what it means for our children.
  detached: true,
  ...(command.uid === undefined ? {} : { uid: command.uid }),
  ...(command.gid === undefined ? {} : { gid: command.gid }),
  ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  ...(command.env === "inherited" ? {} : { env: { ...plainEnvironment, ...command.env } }),
});

/** Runs a command to its end; after `timeoutMs` its whole process group is killed. `code` undefined: not started or killed. */
export const run = async (command: Command, clock: Clock, timeoutMs: number): Promise<Finished> => {
  const child = spawn(command.file, [...command.args], { ...spawnOptions(command), stdio: "pipe" });
  const heard = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].on("data", (chunk: Buffer) => {
      heard[stream] = (heard[stream] + chunk.toString("utf8")).slice(-outputCharsMax);
    });
  }
  child.stdin.on("error", () => undefined);
  child.stdin.end(command.input ?? "");
  const ended = new AbortController();
  const kill = (): void => {
    heard.stderr += `\nkilled after ${timeoutMs} ms`;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  const overdue = clock.sleep(timeoutMs, ended.signal).then(kill, () => undefined);
  const code = await new Promise<number | undefined>((resolve) => {
    child.on("error", (error) => {
      heard.stderr += error.message;
      resolve(undefined);
    });
    child.on("close", (exitCode) => resolve(exitCode ?? undefined));
  });
  ended.abort();
  await overdue;
  return { code, ...heard };
};
