import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Contestant } from "./contestant.ts";
import { openOurs } from "./ours.ts";

/** The ledger while its log is sealed beside it, without pause; whatever earlier turns left is sealed before the clock runs. */
export const openSealed = async (url: string): Promise<Contestant> => {
  const ours = await openOurs(url);
  const worker = new Worker(new URL("./sealer.ts", import.meta.url), { workerData: { url } });
  const tell = async (message: string): Promise<number> => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has no origin
    worker.postMessage(message);
    const [answer] = (await once(worker, "message")) as [{ readonly sealed: number }];
    return answer.sealed;
  };
  return {
    ...ours,
    name: "sealed",
    begin: async () => {
      await tell("catch-up");
      await ours.begin();
      await tell("start");
    },
    sums: async (run) => {
      const sealed = await tell("stop");
      const sums = await ours.sums(run);
      // A turn without sealing would measure nothing.
      if (sums.movements > 0 && sealed === 0) throw new Error("nothing was sealed while the ledger was measured");
      return sums;
    },
    close: async () => {
      await tell("close");
      await ours.close();
    },
  };
};
