import type { Queryable } from "../../db/sql.ts";
import { batchesSpanning, movementsOfBatch } from "./batches.ts";
import { entryOf } from "./entry.ts";
import { type HeadRow, newestHead, readInclusionPath, readLeafHashes, readRoot, readTileSet } from "./log-rows.ts";
import { consistencyRanges } from "./proof-paths.ts";

export type InclusionProof = {
  readonly movementId: number;
  readonly leafIndex: number;
  readonly treeSize: number;
  readonly entry: string;
  readonly leafHash: Buffer;
  readonly path: readonly Buffer[];
  readonly head: HeadRow;
};

/** The leaf that a movement is, or undefined when it is not sealed (or not there). */
const leafOf = async (
  on: Queryable,
  movementId: number,
): Promise<{ readonly leafIndex: number; readonly entry: string } | undefined> => {
  for (const batch of await batchesSpanning(on, movementId)) {
    const rows = await movementsOfBatch(on, batch);
    const at = rows.findIndex((row) => row.id === movementId);
    const row = rows[at];
    if (row !== undefined) return { leafIndex: batch.firstLeaf + at, entry: entryOf(row) };
  }
  return undefined;
};

/** That a movement is in the log, under the newest head; undefined while it is not sealed. */
export const proveInclusion = async (on: Queryable, movementId: number): Promise<InclusionProof | undefined> => {
  // The head first: what is sealed after it would not be under it.
  const head = await newestHead(on);
  const leaf = await leafOf(on, movementId);
  if (head === undefined || leaf === undefined || leaf.leafIndex >= head.size) return undefined;
  const [leafHash] = await readLeafHashes(on, { from: leaf.leafIndex, to: leaf.leafIndex + 1 });
  if (leafHash === undefined) return undefined;
  const path = await readInclusionPath(on, leaf.leafIndex, head.size);
  return { movementId, ...leaf, treeSize: head.size, leafHash, path, head };
};

export type ConsistencyProof = {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Buffer;
  readonly toRoot: Buffer;
  readonly path: readonly Buffer[];
};

/** That the tree of `to` continues the tree of `from`; both must not be larger than the log. */
export const proveConsistency = async (on: Queryable, from: number, to: number): Promise<ConsistencyProof> => {
  const ranges = consistencyRanges(from, to);
  const tiles = await readTileSet(on, ranges);
  const path = ranges.map((range) => tiles.range(range));
  return { from, to, path, fromRoot: await readRoot(on, from), toRoot: await readRoot(on, to) };
};
