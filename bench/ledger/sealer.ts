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

let running = false;
let sealed = 0;

const sealAll = async (): Promise<void> => {
  for (let count: number | undefined = 1; count !== undefined && count > 0; ) {
    count = await seal(deps);
    sealed += count ?? 0;
  }
};

const loop = async (): Promise<void> => {
  while (running) {
    await sealAll();
    await setTimeout(pauseMs);
  }
};

parentPort?.on("message", async (message: "catch-up" | "start" | "stop" | "close") => {
  if (message === "catch-up") await sealAll();
  if (message === "start") {
    running = true;
    sealed = 0;
    void loop();
  }
  if (message === "stop") running = false;
  parentPort?.postMessage({ message, sealed });
  if (message === "close") {
    await db.close();
    parentPort?.close();
  }
});
