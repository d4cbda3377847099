import { z } from "zod";
import { dueReservations } from "../ledger/due-reservations.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import type { JobDeps } from "./deps.ts";

const rowsMax = 500;

/**
 * Gives back what reservations still hold whose time is over. Through the lanes like everything that moves stock; the
 * ledger judges each one again under its locks, so one that was committed or extended meanwhile is left alone.
 */
export const expireReservations = defineJob({
  name: "expire-reservations",
  payload: z.strictObject({}),
  coalesceBy: () => "all",
  concurrency: 1,
  async run({ drain }, deps: JobDeps): Promise<RunAgain | undefined> {
    while (!drain.aborted) {
      const due = await dueReservations(deps.db, rowsMax);
      await Promise.all(
        due.map(({ id, expiresAt }) =>
          deps.ledger.submit({
            kind: "expire",
            key: `expire:${expiresAt}:${id}`,
            reservationId: id,
            actor: "expire-reservations",
            occurredAt: expiresAt,
          }),
        ),
      );
      if (due.length < rowsMax) return undefined;
    }
    return { againAfterMs: 0 };
  },
});
