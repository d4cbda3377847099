import type { Queryable } from "../../db/sql.ts";
import { type Batch, batchesFrom, movementsOfBatch } from "./batches.ts";
import { diagnose } from "./diagnose.ts";
import { entryOf } from "./entry.ts";
import { entryLine, headerLine } from "./export-format.ts";
import { newestHead, readHeads, readLeafHashes, readTileSet } from "./log-rows.ts";
import { nodesOf } from "./merkle.ts";
import { headLine } from "./outside-heads.ts";

const headsMax = 1_000;

/** What cannot be exported, in words for whoever asked. */
export class ExportError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ExportError";
  }
}

/** A batch's movements with their sealed hashes. Changed rows pass, for the file tells; missing ones leave no line to write. */
const linesOf = async (on: Queryable, batch: Batch): Promise<readonly string[]> => {
  const range = { from: batch.firstLeaf, to: batch.firstLeaf + batch.movements };
  const hashes = await readLeafHashes(on, range);
  const rows = await movementsOfBatch(on, batch);
  if (rows.length !== batch.movements) {
    const bad = diagnose(batch.firstLeaf, hashes, rows);
    throw new ExportError(
      `leaves ${range.from} to ${range.to - 1} are not all in the database: ${bad?.problem ?? "their number differs"}`,
    );
  }
  return rows.map((row, index) => entryLine(batch.firstLeaf + index, hashes[index] as Buffer, entryOf(row)));
};

/**
 * The export as lines without their end, first to last: header, movements [from, to) of the newest head's tree, heads.
 * Errors: `ExportError`.
 */
export async function* exportLog(
  on: Queryable,
  wanted: { readonly from?: number | undefined; readonly to?: number | undefined },
): AsyncGenerator<string> {
  const head = await newestHead(on);
  if (head === undefined) throw new ExportError("nothing has been sealed yet");
  const { from = 0, to = head.size } = wanted;
  if (from > to || to > head.size)
    throw new ExportError(`there are leaves 0 to ${head.size - 1}; --from ${from} --to ${to} does not fit`);
  const sides = [
    { from: 0, to: from },
    { from: to, to: head.size },
  ] as const;
  const tiles = await readTileSet(on, sides);
  const [left, right] = sides.map((side) => nodesOf(side).map((node) => tiles.node(node).toString("base64")));
  const heads = (await readHeads(on, headsMax)).filter((one) => one.id <= head.id);
  yield headerLine({
    format: "lockstep-ledger-log/1",
    publicKey: head.publicKey,
    head: head.note,
    from,
    to,
    left: left ?? [],
    right: right ?? [],
    headSizes: heads.map((one) => one.size),
  });
  for (let at = from; at < to; ) {
    const batches = await batchesFrom(on, at);
    if (batches.length === 0) throw new ExportError(`leaf ${at} is in no batch`);
    for (const batch of batches) {
      if (at >= to) break;
      const lines = await linesOf(on, batch);
      const part = lines.slice(at - batch.firstLeaf, to - batch.firstLeaf);
      yield* part;
      at += part.length;
    }
  }
  for (const one of heads) yield headLine(one);
}
