import type { Clock } from "../../core/clock.ts";
import { ChannelError } from "../../core/failure.ts";
import type { PushOutcome } from "../connector.ts";
import type { Client } from "./client.ts";
import { type Row, unknownRows } from "./push-row.ts";
import { availableOf, readLevelNodes } from "./read.ts";
import { type Sent, type SetCall, setRows } from "./set-rows.ts";

/** The first request under a key is given so long to end before it is asked about again. */
const inProgressWaitsMs = [500, 1_500, 3_000] as const;

/**
 * `setRows`, and what follows when its answer is lost (channel document §4.2): the same key and body once more, and
 * where that is stale, or must not be repeated, a look at the levels: what shows its target was applied, the rest stays
 * unknown. Throws the first failure when nothing could be learned.
 */
export const createSend = ({ client, clock }: { readonly client: Client; readonly clock: Pick<Clock, "sleep"> }) => {
  const patient = async (call: SetCall): Promise<Sent> => {
    let sent = await setRows(client, call);
    for (const waitMs of inProgressWaitsMs) {
      if (sent.inProgress !== true) break;
      await clock.sleep(waitMs, call.signal);
      sent = await setRows(client, call);
    }
    return sent;
  };

  /** Rows whose level shows the target now. Throws when the levels cannot be read. */
  const applied = async (rows: readonly Row[], signal: AbortSignal): Promise<ReadonlySet<string>> => {
    const nodeOf = await readLevelNodes(client, rows, signal);
    const showsTarget = (row: Row): boolean => {
      const node = nodeOf(row);
      return node !== undefined && availableOf(node, false).units === row.units;
    };
    return new Set(rows.filter(showsTarget).map(({ ref }) => ref));
  };

  /** The repeated call's answer: a row that is stale by our own first call shows its target. */
  const afterRepeat = async (call: SetCall, sent: Sent): Promise<Sent> => {
    const stale = new Set(sent.outcomes.filter(({ status }) => status === "conflict").map(({ ref }) => ref));
    if (stale.size === 0) return sent;
    const rows = call.rows.filter(({ ref }) => stale.has(ref));
    const done = await applied(rows, call.signal);
    return {
      ...sent,
      outcomes: sent.outcomes.map((outcome) => (done.has(outcome.ref) ? accepted(outcome.ref) : outcome)),
    };
  };

  return async (call: SetCall): Promise<Sent> => {
    let lost: ChannelError;
    try {
      return await patient(call);
    } catch (error) {
      if (call.signal.aborted || !(error instanceof ChannelError) || !error.ambiguous) throw error;
      lost = error;
    }
    try {
      if (call.rows.every(mayRepeat)) {
        const repeated = await patient(call).catch(ignoreChannelError);
        if (repeated !== undefined) return await afterRepeat(call, repeated);
      }
      const done = await applied(call.rows, call.signal);
      const rest = call.rows.filter(({ ref }) => !done.has(ref));
      return { outcomes: [...[...done].map(accepted), ...unknownRows(rest, lost.message)], again: [] };
    } catch {
      // Whatever else went wrong, the first call may have taken effect: that is what the caller must hear.
      throw lost;
    }
  };
};

/**
 * The live channel runs a repeated request again instead of answering with its first result (probed). Compare-and-set
 * makes that harmless, but for two cases: a row without comparison, and a raise whose units were sold meanwhile, since
 * the level then shows again what the raise expects.
 */
const mayRepeat = ({ units, expectedUnits }: Row): boolean => expectedUnits !== null && units <= expectedUnits;

const accepted = (ref: string): PushOutcome => ({ ref, status: "accepted", receipt: null });

const ignoreChannelError = (error: unknown): undefined => {
  if (error instanceof ChannelError) return undefined;
  throw error;
};
