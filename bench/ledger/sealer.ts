import { setTimeout } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../src/core/clock.ts";
import { Secret } from "../../src/core/secret.ts";
import { openDb } from "../../src/db/pool.ts";
import { seal } from "../../src/ledger/log/seal.ts";
import { signerOf } from "../../src/ledger/log/signing-key.ts";

/** The worker's sealing, on an event loop of its own as in production: seals all there is, then again after a moment. */
const { url } = workerData as { readonly url: string };
const onIdleError = (): undefined => undefined;
const db = openDb({ url, connectionsMax: 1, applicationName: "bench-sealer", onIdleError });
const deps = { db, clock: systemClock, signer: signerOf(new Secret("b".repeat(64))) };
const pauseMs = 100;

const sealing = { isOn: false, sealed: 0 };

const sealAll = async (): Promise<void> => {
  for (let count: number | undefined = 1; count !== undefined && count > 0; ) {
    count = await seal(deps);
    sealing.sealed += count ?? 0;
  }
};

const loop = async (): Promise<void> => {
  while (sealing.isOn) {
    await sealAll();
    await setTimeout(pauseMs);
  }
};

const obey = async (message: "catch-up" | "start" | "stop" | "close"): Promise<void> => {
  if (message === "catch-up") await sealAll();
  if (message === "start") {
    sealing.isOn = true;
    sealing.sealed = 0;
    void loop();
  }
  if (message === "stop") sealing.isOn = false;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has no origin
  parentPort?.postMessage({ message, sealed: sealing.sealed });
  if (message === "close") {
    await db.close();
    parentPort?.close();
  }
};
parentPort?.on("message", (message: Parameters<typeof obey>[0]) => void obey(message));
