import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";

const main = resolve(import.meta.dirname, "../../src/main.ts");

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string; readonly ms: number };
export type Running = { readonly child: ChildProcess; readonly ended: Promise<Ran> };

/** The real command line in a process of its own. */
export const startCommand = (words: readonly string[], env: Readonly<Record<string, string>>): Running => {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [main, ...words], { env: { PATH: process.env["PATH"], ...env } });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<Ran>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done({ code, out, err, ms: Math.round(performance.now() - startedMs) }));
  });
  return { child, ended };
};

export const runCommand = (words: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> =>
  startCommand(words, env).ended;
