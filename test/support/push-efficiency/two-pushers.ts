import { type ChildProcess, fork } from "node:child_process";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { systemClock } from "../../../src/core/clock.ts";
import type { Order, Report } from "./pusher.ts";

/** What a measurement opens, closed in any case. */
export class Opened {
  readonly #closers: (() => Promise<void> | void)[] = [];
  add(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
  }
}
/** What lies between a worker and the channel: each request takes at least so long. */
export const farAway = async (opened: Opened, url: string, delayMs: number): Promise<string> => {
  const { hostname, port } = new URL(url);
  const server = createServer((request, response) => {
    const { method, url: path, headers } = request;
    setTimeout(() => {
      const onward = httpRequest({ hostname, port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      onward.on("error", () => response.destroy());
      request.pipe(onward);
    }, delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.add(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const answerOf = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("error", reject);
  });

export type Pushed = { readonly reports: readonly Report[]; readonly stood: readonly number[] };

export const pushWithTwo = async (opened: Opened, order: Order): Promise<Pushed> => {
  const parts = [0, 1].map((part) => order.writes.filter((_, index) => index % 2 === part));
  const workers = parts.map((writes) => {
    const child = fork(join(import.meta.dirname, "pusher.ts"), { execPath: process.execPath, execArgv: [] });
    opened.add(() => void child.kill());
    const ready = answerOf(child);
    child.send({ ...order, writes } satisfies Order);
    return { child, ready };
  });
  for (const { ready } of workers) {
    const told = await ready;
    if (told !== "ready") throw new Error(`a worker is not ready: ${JSON.stringify(told)}`);
  }
  // The buckets fill up again after the first reads.
  await systemClock.sleep(1_500);
  const reports = workers.map(({ child }) => answerOf(child));
  const standstills = watchStandstills();
  for (const { child } of workers) child.send("go");
  const finished = await Promise.all(reports);
  standstills.end();
  const told = finished as readonly (Report | { readonly error: string })[];
  const done = told.map((report) => {
    if ("error" in report) throw new Error(report.error);
    return report;
  });
  return { reports: done, stood: standstills.stood };
};

/** How long this process, in which the simulator lives, stood still each time. */
const watchStandstills = () => {
  const everyMs = 5;
  const stood: number[] = [];
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    stood.push(nowMs - lastMs - everyMs);
    lastMs = nowMs;
  }, everyMs);
  return { stood: stood as readonly number[], end: () => clearInterval(timer) };
};
