import { type ChildProcess, fork } from "node:child_process";

/** A process of its own that is asked and answers, one question at a time. */
export type AskedChild<Asked extends object, Told> = { ask(asked: Asked): Promise<Told>; stop(): void };

export const forkAsked = <Asked extends object, Told>(path: string): AskedChild<Asked, Told> => {
  const child: ChildProcess = fork(path, { execPath: process.execPath, execArgv: [] });
  const ask = (asked: Asked): Promise<Told> =>
    new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => reject(new Error(`${path} ended with ${code}`));
      child.once("exit", onExit);
      child.once("message", (told) => {
        child.removeListener("exit", onExit);
        resolve(told as Told);
      });
      child.send(asked);
    });
  return { ask, stop: () => void child.kill() };
};
