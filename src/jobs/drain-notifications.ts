import { z } from "zod";
import { toIso } from "../core/clock.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { keepDeliveries } from "../sync/inbox.ts";
import type { JobDeps } from "./deps.ts";

/** Long enough to stay attached to the queue, short enough to let the job board show a heartbeat. */
const runMsMax = 20_000;

/** Empties an account's message queue into the inbox: receive, keep (commit), only then acknowledge. */
export const drainNotifications = defineJob({
  name: "drain-notifications",
  payload: z.strictObject({ accountId: z.string() }),
  coalesceBy: ({ accountId }) => accountId,
  concurrency: 8,
  async run({ payload: { accountId }, signal, drain, progress }, deps: JobDeps): Promise<RunAgain | undefined> {
    const notifications = deps.connectorFor(accountId)?.notifications;
    if (notifications === undefined) return undefined;
    const endsAt = deps.clock.monotonicMs() + runMsMax;
    // Waiting for messages may be cut short at any moment; acknowledging may not.
    const waiting = { accountId, signal: AbortSignal.any([signal, drain]) };
    while (!drain.aborted && deps.clock.monotonicMs() < endsAt) {
      const messages = await notifications.receive(waiting).catch((error: unknown) => {
        if (drain.aborted) return [];
        throw error;
      });
      if (messages.length === 0) continue;
      const deliveries = messages.map((message) =>
        message.kind === "delivery"
          ? { delivery: message.delivery }
          : { delivery: { id: message.id, topic: message.topic, payload: null, sourceAt: null }, dead: message.reason },
      );
      await keepDeliveries(deps.db, { accountId, door: "queue", deliveries, now: toIso(deps.clock.now()) });
      deps.wake("ingest", { accountId });
      await notifications.acknowledge(
        messages.map((message) => message.handle),
        { accountId, signal },
      );
      progress();
    }
    return { againAfterMs: 0 };
  },
});
