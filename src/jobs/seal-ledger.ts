import { z } from "zod";
import { toIso } from "../core/clock.ts";
import { detectRewind, keepHeadsOutside } from "../ledger/log/keep-heads.ts";
import { noteLook, seal } from "../ledger/log/seal.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { listAccounts } from "../sync/accounts.ts";
import type { JobDeps } from "./deps.ts";

const rowsMax = 10_000;

/**
 * Puts committed movements into the ledger's log and its heads outside the database. Before that the newest outside head is
 * held against the tree: if the database was rewound, pushes freeze and every account's orders are asked for.
 */
export const sealLedger = defineJob({
  name: "seal-ledger",
  payload: z.strictObject({}),
  coalesceBy: () => "all",
  concurrency: 1,
  async run({ drain }, deps: JobDeps): Promise<RunAgain | undefined> {
    if (await detectRewind(deps)) {
      for (const { id } of await listAccounts(deps.db)) deps.wake("poll-orders", { accountId: id });
    }
    await noteLook(deps.db, toIso(deps.clock.now()));
    while (!drain.aborted) {
      const sealed = await seal(deps, rowsMax);
      if (sealed === rowsMax) continue;
      if (sealed !== undefined) await keepHeadsOutside(deps);
      return undefined;
    }
    return { againAfterMs: 0 };
  },
});
