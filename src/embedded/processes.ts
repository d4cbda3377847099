import { readdirSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

const readOrEmpty = (read: () => string): string => {
  try {
    return read();
  } catch {
    // Ended meanwhile, or somebody else's.
    return "";
  }
};

/**
 * Processes that work in exactly this folder (a real path) under one of these programs. Postgres and Redis both
 * change into their data folder, so this finds every server on our data, recorded or not, and nobody else: a pid file
 * alone may name a stranger after a restart of the machine, and may be missing after a crash.
 */
export const serversIn = (folder: string, programs: readonly string[]): readonly number[] =>
  readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => readOrEmpty(() => readlinkSync(`/proc/${pid}/cwd`)) === folder)
    // The program's file, not its title: backends of Postgres rename themselves, and a path may hold blanks.
    .filter((pid) => {
      const file = readOrEmpty(() => readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, "");
      return programs.includes(basename(file));
    })
    .map(Number);

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, but is not ours to signal.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

/** Signals a process that may be gone already. */
export const signalProcess = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
};
