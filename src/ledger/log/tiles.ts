import { foldNodes, type Hash, hashBytes, type LeafRange, type NodeAt, nodesOf } from "./merkle.ts";

/** A tile holds up to 256 hashes: of leaves on level 0, of full tiles of the level below above that (C2SP tlog-tiles). */
export type TileAt = { readonly level: number; readonly tile: number };
export type Tile = TileAt & { readonly hashes: Buffer };

export const tileWidth = 256;
const levelsPerTile = 8;

const tileKey = ({ level, tile }: TileAt): string => `${level}/${tile}`;
const hashAt = (hashes: Buffer, index: number): Hash => hashes.subarray(index * hashBytes, (index + 1) * hashBytes);

/** The root of a complete run of hashes; their number is a power of two. */
const rootOf = (hashes: readonly Hash[]): Hash => foldNodes(nodesOfLevel(hashes));
const nodesOfLevel = (hashes: readonly Hash[]): readonly Hash[] => {
  if (hashes.length <= 1) return hashes;
  const middle = hashes.length / 2;
  return [rootOf(hashes.slice(0, middle)), rootOf(hashes.slice(middle))];
};

/** Where a node's hash comes from: so many hashes of one tile, from this one on. */
const placeOf = ({ level, index }: NodeAt): TileAt & { readonly first: number; readonly count: number } => {
  const tileLevel = Math.floor(level / levelsPerTile);
  const count = 2 ** (level % levelsPerTile);
  const first = index * count;
  return { level: tileLevel, tile: Math.floor(first / tileWidth), first: first % tileWidth, count };
};

/** The tiles that must be read to know the hashes of these ranges. */
export const tilesFor = (ranges: readonly LeafRange[]): readonly TileAt[] => {
  const wanted = new Map<string, TileAt>();
  for (const { level, tile } of ranges.flatMap(nodesOf).map(placeOf))
    wanted.set(tileKey({ level, tile }), { level, tile });
  return [...wanted.values()];
};

/** Tiles in memory, and the hashes of ranges out of them. Errors: a plain one when a tile lacks what its size promises. */
export class TileSet {
  readonly #tiles: Map<string, Buffer>;

  constructor(tiles: readonly Tile[]) {
    this.#tiles = new Map(tiles.map((one) => [tileKey(one), one.hashes]));
  }

  /** The hash of a complete subtree. */
  node(at: NodeAt): Hash {
    const place = placeOf(at);
    const hashes = this.#tiles.get(tileKey(place));
    if (hashes === undefined || hashes.length < (place.first + place.count) * hashBytes)
      throw new Error(`the log lacks hashes: tile ${place.tile} of level ${place.level} ends too soon`);
    return rootOf(Array.from({ length: place.count }, (_, offset) => hashAt(hashes, place.first + offset)));
  }

  /** MTH(D[from:to]) for the ranges that proofs are made of. */
  range(range: LeafRange): Hash {
    return foldNodes(nodesOf(range).map((at) => this.node(at)));
  }
}

/**
 * What appending leaves makes of the right edge: every tile that is new or longer, whole. `edge` holds the last tile of each
 * level as it is stored (a full one may be left out).
 */
export const appendToTiles = (edge: readonly Tile[], size: number, added: readonly Hash[]): readonly Tile[] => {
  const grown: Tile[] = [];
  let level = 0;
  let [from, hashes] = [size, added];
  while (hashes.length > 0) {
    const full: Hash[] = [];
    for (let at = 0; at < hashes.length; ) {
      const tile = Math.floor((from + at) / tileWidth);
      const held = (from + at) % tileWidth;
      const room = hashes.slice(at, at + tileWidth - held);
      const before = held === 0 ? undefined : edge.find((one) => one.level === level && one.tile === tile)?.hashes;
      if (held > 0 && before?.length !== held * hashBytes)
        throw new Error(`the log's edge does not fit its size: tile ${tile} of level ${level}`);
      const whole = Buffer.concat([before ?? Buffer.alloc(0), ...room]);
      grown.push({ level, tile, hashes: whole });
      if (whole.length === tileWidth * hashBytes)
        full.push(rootOf(Array.from({ length: tileWidth }, (_, index) => hashAt(whole, index))));
      at += room.length;
    }
    from = Math.floor(from / tileWidth);
    hashes = full;
    level += 1;
  }
  return grown;
};

/** The tiles that appending to a tree of this size needs to know: the last of each level, where it is not full. */
export const edgeOf = (size: number): readonly TileAt[] => {
  const edge: TileAt[] = [];
  for (let [level, count] = [0, size]; count > 0; level += 1, count = Math.floor(count / tileWidth)) {
    if (count % tileWidth > 0) edge.push({ level, tile: Math.floor(count / tileWidth) });
  }
  return edge;
};
