import { type ChildProcess, fork } from "node:child_process";

/** A process of its own that is asked and answers, one question at a time. */
export const forkAsked = <Asked, Told>(path: string) => {
  const child: ChildProcess = fork(path, { execPath: process.execPath, execArgv: [] });
  const ask = (asked: Asked): Promise<Told> =>
    new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => reject(new Error(`${path} ended with ${code}`));
      child.once("exit", onExit);
      child.once("message", (told) => {
        child.removeListener("exit", onExit);
        resolve(told as Told);
      });
      child.send(asked as object);
    });
  return { ask, stop: () => child.kill() };
};
