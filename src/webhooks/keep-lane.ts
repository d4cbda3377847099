import type { KeptDelivery } from "../sync/inbox.ts";

/** Too many webhooks wait to be kept: the channel shall come back. */
export class KeepLaneFullError extends Error {
  readonly retryAfterMs = 5_000;
  constructor() {
    super("too many deliveries wait to be kept");
    this.name = "KeepLaneFullError";
  }
}

export type KeepDeliveries = (
  accountId: string,
  door: "webhook",
  deliveries: readonly KeptDelivery[],
) => Promise<number>;

type Waiting = { readonly kept: KeptDelivery; readonly resolve: () => void; readonly reject: (error: unknown) => void };
type Lane = { readonly waiting: Waiting[]; running: boolean };

const batchMax = 200;
const waitingMax = 2_000;

/**
 * Keeps deliveries through one lane an account: one insert in flight, and the next takes whatever came meanwhile. No
 * timer, so a lone webhook waits for nobody and a flood shares its commits. Resolves after the commit.
 */
export const createKeepLanes = (keep: KeepDeliveries): ((accountId: string, kept: KeptDelivery) => Promise<void>) => {
  const lanes = new Map<string, Lane>();

  const flush = async (accountId: string, batch: readonly Waiting[]): Promise<void> => {
    try {
      await keep(
        accountId,
        "webhook",
        batch.map((one) => one.kept),
      );
      for (const one of batch) one.resolve();
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1 && only !== undefined) return only.reject(error);
      // One delivery that cannot be stored must not fail its neighbours: each alone.
      for (const one of batch) await flush(accountId, [one]);
    }
  };

  const drain = async (accountId: string, lane: Lane): Promise<void> => {
    lane.running = true;
    while (lane.waiting.length > 0) await flush(accountId, lane.waiting.splice(0, batchMax));
    lane.running = false;
    lanes.delete(accountId);
  };

  return (accountId, kept) => {
    const lane = lanes.get(accountId) ?? { waiting: [], running: false };
    lanes.set(accountId, lane);
    if (lane.waiting.length >= waitingMax) return Promise.reject(new KeepLaneFullError());
    return new Promise((resolve, reject) => {
      lane.waiting.push({ kept, resolve, reject });
      if (!lane.running) void drain(accountId, lane);
    });
  };
};
