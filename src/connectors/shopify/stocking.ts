import { sha256Hex } from "../../core/digest.ts";
import { ChannelError } from "../../core/failure.ts";
import type { PushOutcome } from "../connector.ts";
import { activate } from "./documents.ts";
import { type PushDeps, type Row, refuseLater } from "./push-row.ts";
import { readLevelNodes } from "./read.ts";
import { ActivateAnswer } from "./schemas.ts";

/** Each takes a call of its own; the others wait for the next push. */
const activationsMax = 20;

type Begun = {
  readonly rows: readonly Row[];
  readonly outcomes: readonly PushOutcome[];
  /** Rows that are set while nobody can buy them, to be activated afterwards. */
  readonly hidden: ReadonlyMap<string, Row>;
};

/**
 * Begins to stock items at their location, where the account's settings allow it. An item that was never there is
 * activated first and begins at 0. One that was deactivated has kept its old quantity, which would be for sale the
 * moment it is activated: its level is set first, hidden as it is, and activated afterwards (channel document §4.1,
 * §4.4). Such rows read as 0, so a row that expects more is active and costs no look.
 */
export const createStocking = ({ client, activateLevels }: PushDeps) => {
  /** undefined when the item is now stocked; its quantity is what the channel says it is. */
  const activateRow = async (
    row: Row,
    attemptKey: string,
    signal: AbortSignal,
  ): Promise<{ readonly available: number } | PushOutcome> => {
    const key = `${attemptKey}:stock:${sha256Hex(row.ref).slice(0, 24)}`;
    const variables = { item: row.itemGid, location: row.locationGid, key };
    try {
      const call = { document: activate, variables, schema: ActivateAnswer, write: true };
      const { inventoryLevel, userErrors } = (await client.call(call, signal)).data.inventoryActivate;
      const available = inventoryLevel?.quantities.find(({ name }) => name === "available")?.quantity;
      if (inventoryLevel?.isActive === true && available !== undefined) return { available };
      const reason = userErrors.map(({ message }) => message).join("; ") || "the item could not be activated";
      return { ref: row.ref, status: "refused", retry: "never", reason };
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      return error.ambiguous
        ? { ref: row.ref, status: "unknown", reason: error.message }
        : { ref: row.ref, status: "refused", retry: "later", reason: error.message };
    }
  };

  const begin = async (rows: readonly Row[], attemptKey: string, signal: AbortSignal): Promise<Begun> => {
    const doubtful = activateLevels ? rows.filter(({ expectedUnits }) => (expectedUnits ?? 0) === 0) : [];
    if (doubtful.length === 0) return { rows, outcomes: [], hidden: new Map() };
    const nodeOf = await readLevelNodes(client, doubtful, signal);
    const ready: Row[] = rows.filter((row) => !doubtful.includes(row));
    const outcomes: PushOutcome[] = [];
    const hidden = new Map<string, Row>();
    let activations = 0;
    for (const row of doubtful) {
      const level = nodeOf(row)?.inventoryLevel;
      if (level?.isActive === true || level === undefined) {
        ready.push(row);
      } else if (activations >= activationsMax) {
        outcomes.push(...refuseLater([row], "many items to begin stocking: with the next push"));
      } else if (level === null) {
        activations += 1;
        const begun = await activateRow(row, attemptKey, signal);
        if ("available" in begun) ready.push({ ...row, expectedUnits: begun.available });
        else outcomes.push(begun);
      } else {
        activations += 1;
        const kept = level.quantities.find(({ name }) => name === "available")?.quantity ?? null;
        const expecting = { ...row, expectedUnits: kept };
        hidden.set(row.ref, expecting);
        ready.push(expecting);
      }
    }
    return { rows: ready, outcomes, hidden };
  };

  /** The set's outcomes, with those rows activated that it was accepted for. */
  const finish = async (
    hidden: Begun["hidden"],
    outcomes: readonly PushOutcome[],
    attemptKey: string,
    signal: AbortSignal,
  ): Promise<readonly PushOutcome[]> => {
    const finished: PushOutcome[] = [];
    for (const outcome of outcomes) {
      const row = hidden.get(outcome.ref);
      if (row === undefined || outcome.status !== "accepted") {
        finished.push(outcome);
        continue;
      }
      const begun = await activateRow(row, attemptKey, signal);
      finished.push("available" in begun ? outcome : begun);
    }
    return finished;
  };

  return { begin, finish };
};
