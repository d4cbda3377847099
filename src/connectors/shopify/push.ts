import { z } from "zod";
import { sha256Hex } from "../../core/digest.ts";
import type { CallContext, ListingWrite, PushOutcome } from "../connector.ts";
import { levelOf, unmappedReason } from "./level-ref.ts";
import { createSend } from "./lost-answer.ts";
import { failedCall, type PushDeps, type Row, refuseLater } from "./push-row.ts";
import type { Sent } from "./set-rows.ts";
import { createStocking } from "./stocking.ts";

export const pushBatchMax = 250;
/** Halving 250 rows down to a single bad one takes 17 calls; what is left after these is refused for later. */
const callsMax = 24;

/** What `importListings` noted; a listing from elsewhere may lack it. */
const Details = z.object({ tracked: z.boolean(), isActive: z.boolean(), isBundle: z.boolean().default(false) });

/**
 * Absolute quantities by compare-and-set. One bad row makes Shopify reject the whole batch without writing any of it,
 * so bad rows are taken out by their index, or found by halving, and the others sent again under a new key (channel
 * document §4.1). Locations that the account does not map are never written.
 */
export const createPushQuantities = (deps: PushDeps) => {
  const send = createSend(deps);
  const stocking = createStocking(deps);
  return async (
    batch: readonly ListingWrite[],
    attemptKey: string,
    context: CallContext,
  ): Promise<readonly PushOutcome[]> => {
    const { signal } = context;
    const { writable, refused } = sortOut(batch, deps.activateLevels);
    if (writable.length === 0) return refused;
    const locations = await deps.locationsOf(signal);
    const outcomes: PushOutcome[] = [...refused];
    const rows: Row[] = [];
    for (const { ref, units, expectedUnits } of writable) {
      const level = levelOf(ref, locations);
      if (level === undefined) outcomes.push({ ref, status: "refused", retry: "never", reason: unmappedReason });
      else rows.push({ ref, units, expectedUnits, ...level });
    }
    const stocked = await stocking.begin(rows, attemptKey, signal);
    outcomes.push(...stocked.outcomes);
    const set = await setAll(send, stocked.rows, attemptKey, signal);
    outcomes.push(...(await stocking.finish(stocked.hidden, set, attemptKey, signal)));
    return outcomes;
  };
};

const sortOut = (
  batch: readonly ListingWrite[],
  activateLevels: boolean,
): { readonly writable: readonly ListingWrite[]; readonly refused: readonly PushOutcome[] } => {
  const writable: ListingWrite[] = [];
  const refused: PushOutcome[] = [];
  for (const write of batch) {
    const reason = unwritable(write, activateLevels);
    if (reason === undefined) writable.push(write);
    else refused.push({ ref: write.ref, status: "refused", retry: "never", reason });
  }
  return { writable, refused };
};

/** A write to an untracked item or an inactive level "succeeds" and sells nothing (channel document §4.1). */
const unwritable = (write: ListingWrite, activateLevels: boolean): string | undefined => {
  const details = Details.safeParse(write.details).data;
  if (details?.isBundle === true) return "a bundle: its quantity follows its components and cannot be set";
  if (details?.tracked === false) return "inventory is not tracked; switch tracking on and import the listings again";
  if (details?.isActive === false && !activateLevels) {
    return "inactive at the location; activate it there and import the listings again, or set activate_levels";
  }
  return undefined;
};

type Send = ReturnType<typeof createSend>;

const setAll = async (
  send: Send,
  rows: readonly Row[],
  attemptKey: string,
  signal: AbortSignal,
): Promise<readonly PushOutcome[]> => {
  const outcomes: PushOutcome[] = [];
  const work: (readonly Row[])[] = [];
  for (let start = 0; start < rows.length; start += pushBatchMax) work.push(rows.slice(start, start + pushBatchMax));
  for (let calls = 0; ; calls += 1) {
    const part = work.shift();
    if (part === undefined) return outcomes;
    if (calls >= callsMax) {
      outcomes.push(...refuseLater(part, "too many bad rows beside it"));
      continue;
    }
    const key = calls === 0 ? attemptKey : roundKey(attemptKey, part);
    let sent: Sent;
    try {
      sent = await send({ rows: part, key, attemptKey, signal });
    } catch (error) {
      // The first call failed as a whole: the caller judges. Later ones must not lose what is already known.
      if (calls === 0) throw error;
      outcomes.push(...failedCall(part, error));
      outcomes.push(...refuseLater(work.splice(0).flat(), "not sent: an earlier call of the batch failed"));
      continue;
    }
    outcomes.push(...sent.outcomes);
    work.unshift(...sent.again);
  }
};

/** Same rows, same key: a repeated attempt repeats its keys, and no key ever meets another body. */
const roundKey = (attemptKey: string, rows: readonly Row[]): string =>
  `${attemptKey}:${sha256Hex(rows.map(({ ref, units, expectedUnits }) => `${ref} ${units} ${expectedUnits}`).join("\n")).slice(0, 24)}`;
