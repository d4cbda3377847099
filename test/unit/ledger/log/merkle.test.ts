import fc from "fast-check";
import { expect, test } from "vitest";
import {
  emptyRoot,
  Frontier,
  type Hash,
  leafHash,
  nodeHash,
  splitPoint,
  verifyConsistency,
  verifyInclusion,
} from "../../../../src/ledger/log/merkle.ts";
import { consistencyRanges, inclusionRanges } from "../../../../src/ledger/log/proof-paths.ts";
import { appendToTiles, edgeOf, type Tile, TileSet, tilesFor } from "../../../../src/ledger/log/tiles.ts";

/** The eight leaves and roots that implementations of Certificate Transparency test with. */
const knownLeaves = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const knownRoots = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const knownHashes = knownLeaves.map((hex) => leafHash(Buffer.from(hex, "hex")));

/** MTH(D[n]) as RFC 9162 §2.1.1 writes it: the judge of everything faster. */
const plainRoot = (leaves: readonly Hash[]): Hash => {
  const [only] = leaves;
  if (only === undefined) return emptyRoot;
  if (leaves.length === 1) return only;
  const k = splitPoint(leaves.length);
  return nodeHash(plainRoot(leaves.slice(0, k)), plainRoot(leaves.slice(k)));
};

/** A log in memory: the tiles after appending in pieces of these sizes. */
const grow = (leaves: readonly Hash[], pieces: readonly number[]): readonly Tile[] => {
  const stored = new Map<string, Tile>();
  let size = 0;
  for (const count of [...pieces, leaves.length]) {
    const added = leaves.slice(size, Math.min(size + count, leaves.length));
    const edge = edgeOf(size).flatMap((at) => stored.get(`${at.level}/${at.tile}`) ?? []);
    for (const tile of appendToTiles(edge, size, added)) stored.set(`${tile.level}/${tile.tile}`, tile);
    size += added.length;
  }
  return [...stored.values()];
};

const manyLeaves = Array.from({ length: 1_030 }, (_, index) => leafHash(`entry ${index}`));
const tiles = grow(manyLeaves, [1, 3, 300, 211]);
const set = new TileSet(tiles);
const rootAt = (size: number): Hash => set.range({ from: 0, to: size });
const sizes = [
  ...Array.from({ length: 70 }, (_, index) => index + 1),
  127,
  128,
  129,
  255,
  256,
  257,
  511,
  512,
  513,
  1_023,
  1_024,
  1_025,
];

/** The bytes with one bit turned. */
const flip = (bytes: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(Math.floor(bit / 8)) ^ (1 << (bit % 8)), Math.floor(bit / 8));
  return copy;
};
const everyBit = (bytes: Buffer): readonly Buffer[] =>
  Array.from({ length: bytes.length * 8 }, (_, bit) => flip(bytes, bit));
const withStep = (path: readonly Hash[], at: number, step: Hash): readonly Hash[] => path.with(at, step);

test("the roots of the known trees are the known roots", () => {
  for (const [size, root] of knownRoots.entries()) {
    const frontier = new Frontier();
    for (const leaf of knownHashes.slice(0, size)) frontier.append(leaf);
    expect(frontier.root().toString("hex")).toBe(root);
  }
});

test("proofs of the known tree are the known proofs", () => {
  const known = new TileSet(grow(knownHashes, []));
  const hex = (ranges: ReturnType<typeof inclusionRanges>) => ranges.map((range) => known.range(range).toString("hex"));
  const [p96, p5f, p6b, pbc, pca, p0e, pd3] = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  ];
  expect(hex(inclusionRanges(0, 8))).toEqual([p96, p5f, p6b]);
  expect(hex(inclusionRanges(5, 8))).toEqual([pbc, pca, pd3]);
  expect(hex(consistencyRanges(1, 8))).toEqual([p96, p5f, p6b]);
  expect(hex(consistencyRanges(6, 8))).toEqual([p0e, pca, pd3]);
  expect(hex(consistencyRanges(2, 5))).toEqual([p5f, pbc]);
});

test("tiles and the growing edge give the same root as the RFC's recursion, at every size", () => {
  const frontier = new Frontier();
  for (const [index, leaf] of manyLeaves.entries()) {
    frontier.append(leaf);
    if (!sizes.includes(index + 1)) continue;
    const expected = plainRoot(manyLeaves.slice(0, index + 1));
    expect(frontier.root()).toEqual(expected);
    expect(rootAt(index + 1)).toEqual(expected);
  }
});

test("in whatever pieces leaves are appended, the tiles are the same", () => {
  const byPlace = (list: readonly Tile[]) => list.toSorted((a, b) => a.level - b.level || a.tile - b.tile);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 8 }), (pieces) => {
      expect(byPlace(grow(manyLeaves, pieces))).toEqual(byPlace(tiles));
    }),
    { numRuns: 30 },
  );
});

test("every leaf of every tree has a proof that verifies, and is in no other place or tree", () => {
  for (const size of sizes) {
    const root = rootAt(size);
    const step = size <= 70 ? 1 : 37;
    for (let leafIndex = 0; leafIndex < size; leafIndex += step) {
      const leaf = manyLeaves[leafIndex] as Hash;
      const path = inclusionRanges(leafIndex, size).map((range) => set.range(range));
      expect(verifyInclusion({ leafIndex, size, leaf, path, root })).toBe(true);
      expect(verifyInclusion({ leafIndex: leafIndex + 1, size, leaf, path, root })).toBe(false);
      expect(verifyInclusion({ leafIndex, size, leaf, path: path.slice(1), root })).toBe(size === 1);
      expect(verifyInclusion({ leafIndex, size, leaf, path: [...path, leaf], root })).toBe(false);
    }
  }
});

test("every tree is proven to continue every smaller one, and no other", () => {
  for (const second of sizes) {
    for (const first of sizes.filter((size) => size <= second)) {
      const path = consistencyRanges(first, second).map((range) => set.range(range));
      const roots = { firstRoot: rootAt(first), secondRoot: rootAt(second) };
      expect(verifyConsistency({ first, second, path, ...roots })).toBe(true);
      expect(verifyConsistency({ first, second, path: [...path, emptyRoot], ...roots })).toBe(false);
      if (first === second) continue;
      expect(verifyConsistency({ first, second, path: path.slice(1), ...roots })).toBe(false);
      expect(verifyConsistency({ first, second, path, firstRoot: roots.secondRoot, secondRoot: roots.firstRoot })).toBe(
        false,
      );
    }
  }
});

test("one turned bit in leaf, path or root is refused, wherever it is", () => {
  for (const [leafIndex, size] of [
    [0, 1],
    [2, 3],
    [4, 7],
    [7, 8],
    [5, 11],
  ] as const) {
    const leaf = manyLeaves[leafIndex] as Hash;
    const root = rootAt(size);
    const path = inclusionRanges(leafIndex, size).map((range) => set.range(range));
    const proof = { leafIndex, size, leaf, path, root };
    for (const turned of everyBit(leaf)) expect(verifyInclusion({ ...proof, leaf: turned })).toBe(false);
    for (const turned of everyBit(root)) expect(verifyInclusion({ ...proof, root: turned })).toBe(false);
    for (const [at, step] of path.entries())
      for (const turned of everyBit(step))
        expect(verifyInclusion({ ...proof, path: withStep(path, at, turned) })).toBe(false);
  }
  for (const [first, second] of [
    [1, 2],
    [3, 7],
    [4, 8],
    [6, 11],
    [8, 8],
  ] as const) {
    const path = consistencyRanges(first, second).map((range) => set.range(range));
    const proof = { first, second, path, firstRoot: rootAt(first), secondRoot: rootAt(second) };
    for (const turned of everyBit(proof.firstRoot))
      expect(verifyConsistency({ ...proof, firstRoot: turned })).toBe(false);
    for (const turned of everyBit(proof.secondRoot))
      expect(verifyConsistency({ ...proof, secondRoot: turned })).toBe(false);
    for (const [at, step] of path.entries())
      for (const turned of everyBit(step))
        expect(verifyConsistency({ ...proof, path: withStep(path, at, turned) })).toBe(false);
  }
});

test("a proof for another size is refused where the size matters to the path", () => {
  for (let size = 2; size <= 70; size += 1) {
    const leafIndex = size - 1;
    const leaf = manyLeaves[leafIndex] as Hash;
    const path = inclusionRanges(leafIndex, size).map((range) => set.range(range));
    for (let other = 1; other <= 140; other += 1) {
      // The path alone does not tell sizes of one shape apart; a head does, for its root is of one size only.
      if (other === size) continue;
      const isTaken = verifyInclusion({ leafIndex, size: other, leaf, path, root: rootAt(other) });
      expect(isTaken, `${size} as ${other}`).toBe(false);
    }
  }
});

test("sizes that cannot be are refused, not crashed on", () => {
  const leaf = manyLeaves[0] as Hash;
  for (const [leafIndex, size] of [
    [-1, 1],
    [1, 1],
    [0, 0],
    [0.5, 2],
    [0, Number.NaN],
    [2 ** 53, 2 ** 53 + 2],
  ] as const)
    expect(verifyInclusion({ leafIndex, size, leaf, path: [], root: leaf })).toBe(false);
  expect(verifyInclusion({ leafIndex: 0, size: 1, leaf: leaf.subarray(1), path: [], root: leaf.subarray(1) })).toBe(
    false,
  );
  for (const [first, second] of [
    [-1, 1],
    [2, 1],
    [0.5, 1],
    [1, Number.POSITIVE_INFINITY],
  ] as const)
    expect(verifyConsistency({ first, second, firstRoot: leaf, secondRoot: leaf, path: [leaf] })).toBe(false);
  expect(verifyConsistency({ first: 0, second: 3, firstRoot: emptyRoot, secondRoot: rootAt(3), path: [] })).toBe(true);
  expect(verifyConsistency({ first: 0, second: 3, firstRoot: leaf, secondRoot: rootAt(3), path: [] })).toBe(false);
  expect(() => inclusionRanges(3, 3)).toThrow("no leaf 3");
  expect(() => consistencyRanges(4, 3)).toThrow("cannot continue");
});

test("a handful of tiles is enough for a proof", () => {
  expect(tilesFor(inclusionRanges(5, 1_030)).length).toBeLessThanOrEqual(3);
  const some = new TileSet(
    tiles.filter((tile) =>
      tilesFor(inclusionRanges(5, 1_030)).some((at) => at.level === tile.level && at.tile === tile.tile),
    ),
  );
  const path = inclusionRanges(5, 1_030).map((range) => some.range(range));
  expect(verifyInclusion({ leafIndex: 5, size: 1_030, leaf: manyLeaves[5] as Hash, path, root: rootAt(1_030) })).toBe(
    true,
  );
  expect(() => some.range({ from: 512, to: 700 })).toThrow("lacks hashes");
});
