import { z } from "zod";
import { execute, type Queryable, query, queryOne, sql, type Tx } from "../../db/sql.ts";
import { hashBytes, type LeafRange } from "./merkle.ts";
import { inclusionRanges } from "./proof-paths.ts";
import { type Tile, type TileAt, TileSet, tilesFor, tileWidth } from "./tiles.ts";

const iso = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
const TileRow = z.object({ level: z.number(), tile: z.number(), hashes: z.instanceof(Buffer) });

export const HeadRow = z.object({
  id: z.number(),
  size: z.number(),
  root: z.instanceof(Buffer),
  note: z.string(),
  publicKey: z.string(),
  signedAt: z.string(),
});
export type HeadRow = z.infer<typeof HeadRow>;

/** The log's own name, the first line of every head. */
export const readOrigin = async (on: Queryable): Promise<string> => {
  const row = await queryOne(on, z.object({ id: z.string() }), sql`select id::text from ledger_log`);
  if (row === undefined) throw new Error("the row of ledger_log is gone: the database is not complete");
  return `lockstep/${row.id}`;
};

/** How many movements have been sealed. */
export const readTreeSize = async (on: Queryable): Promise<number> =>
  (
    await queryOne(
      on,
      z.object({ size: z.number() }),
      sql`select first_leaf + movements as size from ledger_log_batch order by first_leaf desc limit 1`,
    )
  )?.size ?? 0;

export const readTiles = (on: Queryable, tiles: readonly TileAt[]): Promise<readonly Tile[]> =>
  query(
    on,
    TileRow,
    sql`
      select t.level, t.tile, t.hashes
        from unnest(${tiles.map((at) => at.level)}::int[], ${tiles.map((at) => at.tile)}::bigint[]) as wanted (level, tile)
        join ledger_log_tile t using (level, tile)`,
  );

/** The tiles that these ranges' hashes come from. */
export const readTileSet = async (on: Queryable, ranges: readonly LeafRange[]): Promise<TileSet> =>
  new TileSet(await readTiles(on, tilesFor(ranges)));

/** The tree's root at a size it has or had. */
export const readRoot = async (on: Queryable, size: number): Promise<Buffer> => {
  const range = { from: 0, to: size };
  return (await readTileSet(on, [range])).range(range);
};

/** Stored leaf hashes [from, to). */
export const readLeafHashes = async (on: Queryable, { from, to }: LeafRange): Promise<readonly Buffer[]> => {
  const first = Math.floor(from / tileWidth);
  const count = to > from ? Math.floor((to - 1) / tileWidth) - first + 1 : 0;
  const tiles = await readTiles(
    on,
    Array.from({ length: count }, (_, offset) => ({ level: 0, tile: first + offset })),
  );
  const byTile = new Map(tiles.map((tile) => [tile.tile, tile.hashes]));
  return Array.from({ length: to - from }, (_, offset) => {
    const leaf = from + offset;
    const at = (leaf % tileWidth) * hashBytes;
    const hashes = byTile.get(Math.floor(leaf / tileWidth));
    if (hashes === undefined || hashes.length < at + hashBytes)
      throw new Error(`the log lacks the hash of leaf ${leaf}`);
    return hashes.subarray(at, at + hashBytes);
  });
};

/** The path of a leaf in the tree of a size, bottom first. */
export const readInclusionPath = async (on: Queryable, leafIndex: number, size: number): Promise<readonly Buffer[]> => {
  const ranges = inclusionRanges(leafIndex, size);
  const tiles = await readTileSet(on, ranges);
  return ranges.map((range) => tiles.range(range));
};

export const saveTiles = async (tx: Tx, tiles: readonly Tile[]): Promise<void> => {
  await execute(
    tx,
    sql`
      insert into ledger_log_tile (level, tile, hashes)
      select * from unnest(${tiles.map((one) => one.level)}::int[], ${tiles.map((one) => one.tile)}::bigint[],
                           ${tiles.map((one) => one.hashes)}::bytea[])
      on conflict (level, tile) do update set hashes = excluded.hashes`,
  );
};

const headColumns = `id, size, root, note, public_key as "publicKey", to_char(signed_at, '${iso}') as "signedAt"`;

/** The head signed last; undefined before the first. */
export const newestHead = (on: Queryable): Promise<HeadRow | undefined> =>
  queryOne(on, HeadRow, { text: `select ${headColumns} from ledger_log_head order by id desc limit 1`, values: [] });

/** The newest heads, oldest of them first. */
export const readHeads = (on: Queryable, headsMax: number): Promise<readonly HeadRow[]> =>
  query(on, HeadRow, {
    text: `select * from (select ${headColumns} from ledger_log_head order by id desc limit $1) newest order by id`,
    values: [headsMax],
  });

export const saveHead = async (
  tx: Tx,
  head: {
    readonly size: number;
    readonly root: Buffer;
    readonly note: string;
    readonly publicKey: string;
    readonly signedAt: string;
  },
): Promise<void> => {
  await execute(
    tx,
    sql`
      insert into ledger_log_head (size, root, note, public_key, signed_at)
      values (${head.size}, ${head.root}, ${head.note}, ${head.publicKey}, ${head.signedAt}::timestamptz)`,
  );
};
