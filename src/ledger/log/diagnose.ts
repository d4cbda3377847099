import type { SealedMovement } from "./batches.ts";
import { entryOf } from "./entry.ts";
import { type Hash, leafHash } from "./merkle.ts";

/** The first place where movements are not what was sealed, in words. */
export type BadEntry = { readonly leaf: number; readonly movementId: number | null; readonly problem: string };

const nameOf = (row: SealedMovement): string =>
  `movement ${row.id} (${row.kind}, ${JSON.stringify(row.sku)} at ${row.location_id})`;

/** Holds a batch's movements against its leaf hashes. Undefined: every one is what it was. */
export const diagnose = (
  firstLeaf: number,
  sealed: readonly Hash[],
  rows: readonly SealedMovement[],
): BadEntry | undefined => {
  const found = rows.map((row) => leafHash(entryOf(row)));
  const at = sealed.findIndex((hash, index) => found[index]?.equals(hash) !== true);
  const index = at === -1 ? sealed.length : at;
  const row = rows[index];
  if (at === -1 && row === undefined) return undefined;
  const bad = (problem: string, movementId: number | null): BadEntry => ({
    leaf: firstLeaf + index,
    movementId,
    problem,
  });
  const before = rows[index - 1];
  const after = before === undefined ? "" : `, after ${nameOf(before)}`;
  if (row === undefined) return bad(`the movement of leaf ${firstLeaf + index} is gone${after}`, null);
  const hash = found[index] as Hash;
  const wanted = sealed[index];
  if (wanted === undefined) return bad(`${nameOf(row)} was never sealed${after}`, row.id);
  const isElsewhere = sealed.slice(index + 1).some((one) => one.equals(hash));
  const isFoundLater = found.slice(index + 1).some((one) => one.equals(wanted));
  if (isElsewhere && isFoundLater)
    return bad(`${nameOf(row)} is out of order: it is not leaf ${firstLeaf + index}`, row.id);
  if (isElsewhere) return bad(`the movement of leaf ${firstLeaf + index} is gone${after}`, null);
  if (isFoundLater) return bad(`${nameOf(row)} was never sealed${after}`, row.id);
  return bad(`${nameOf(row)} is not what was sealed`, row.id);
};
