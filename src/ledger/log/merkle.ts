import { hash } from "node:crypto";
import { sameBytes } from "../../core/digest.ts";

/**
 * The Merkle tree of RFC 9162 §2.1 over SHA-256. Sizes and indexes are whole numbers below 2^53: arithmetic, never 32-bit
 * shifts. A node (level, index) is the root of the complete subtree over leaves [index·2^level, (index + 1)·2^level).
 */
export type Hash = Buffer;
export type NodeAt = { readonly level: number; readonly index: number };
/** Leaves [from, to). */
export type LeafRange = { readonly from: number; readonly to: number };

export const hashBytes = 32;
const leafPrefix = Buffer.from([0]);
const sha256 = (bytes: Uint8Array): Hash => hash("sha256", bytes, "buffer");

/** HASH(0x00 || entry). */
export const leafHash = (entry: string | Uint8Array): Hash =>
  // The character NUL is the byte 0x00 in UTF-8: a text needs no copy of its own.
  typeof entry === "string" ? hash("sha256", `\u0000${entry}`, "buffer") : sha256(Buffer.concat([leafPrefix, entry]));

/** 0x01, then two hashes: filled anew for each node, for nothing runs between the filling and the hashing. */
const nodeInput = Buffer.alloc(1 + 2 * hashBytes, 1);

/** HASH(0x01 || left || right). */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Hash => {
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + hashBytes);
  return sha256(nodeInput);
};

/** The root of the tree without a leaf. */
export const emptyRoot: Hash = sha256(Buffer.alloc(0));

/** The largest power of two below `n`, for n > 1. */
export const splitPoint = (n: number): number => {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
};

/** The fewest complete subtrees that cover a range, from left to right. */
export const nodesOf = ({ from, to }: LeafRange): readonly NodeAt[] => {
  const nodes: NodeAt[] = [];
  for (let at = from; at < to; ) {
    let level = 0;
    let width = 1;
    while (at % (width * 2) === 0 && at + width * 2 <= to) {
      level += 1;
      width *= 2;
    }
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
};

/** The root over the subtrees of `nodesOf` a range that begins at a multiple of its split point: folded from the right. */
export const foldNodes = (hashes: readonly Hash[]): Hash =>
  hashes.length === 0 ? emptyRoot : hashes.reduceRight((right, left) => nodeHash(left, right));

/** A growing tree's right edge: its size and the roots of its complete subtrees. Enough to append and to know the root. */
export class Frontier {
  #size = 0;
  readonly #edge: { readonly width: number; readonly hash: Hash }[] = [];

  get size(): number {
    return this.#size;
  }

  /** Appends a complete subtree of 2^level leaves; the size so far must be a multiple of that. */
  append(added: Hash, level = 0): void {
    let width = 2 ** level;
    if (this.#size % width !== 0) throw new RangeError(`a subtree of ${width} leaves cannot follow ${this.#size}`);
    this.#size += width;
    let node = added;
    for (let last = this.#edge.at(-1); last?.width === width; last = this.#edge.at(-1)) {
      this.#edge.pop();
      node = nodeHash(last.hash, node);
      width *= 2;
    }
    this.#edge.push({ width, hash: node });
  }

  root(): Hash {
    return foldNodes(this.#edge.map((part) => part.hash));
  }
}

const isOdd = (n: number): boolean => n % 2 === 1;
const half = (n: number): number => Math.floor(n / 2);
const areHashes = (hashes: readonly Uint8Array[]): boolean => hashes.every((one) => one.length === hashBytes);

/** RFC 9162 §2.1.3.2: true when the path proves that the leaf is in the tree of that size and root. */
export const verifyInclusion = (proof: {
  readonly leafIndex: number;
  readonly size: number;
  readonly leaf: Uint8Array;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}): boolean => {
  const { leafIndex, size, leaf, path, root } = proof;
  if (!Number.isSafeInteger(leafIndex) || !Number.isSafeInteger(size) || leafIndex < 0 || leafIndex >= size)
    return false;
  if (!areHashes([leaf, root, ...path])) return false;
  let fn = leafIndex;
  let sn = size - 1;
  let result: Uint8Array = leaf;
  for (const step of path) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      result = nodeHash(step, result);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      result = nodeHash(result, step);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && sameBytes(result, root);
};

/** RFC 9162 §2.1.4.2: true when the path proves that the second tree continues the first. Equal sizes need equal roots. */
export const verifyConsistency = (proof: {
  readonly first: number;
  readonly second: number;
  readonly firstRoot: Uint8Array;
  readonly secondRoot: Uint8Array;
  readonly path: readonly Uint8Array[];
}): boolean => {
  const { first, second, firstRoot, secondRoot, path } = proof;
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(second) || first < 0 || first > second) return false;
  if (!areHashes([firstRoot, secondRoot, ...path])) return false;
  if (first === second) return path.length === 0 && sameBytes(firstRoot, secondRoot);
  // The RFC has no proof from the empty tree: every tree continues it.
  if (first === 0) return path.length === 0 && sameBytes(firstRoot, emptyRoot);
  const isPowerOfTwo = first === 1 || splitPoint(first) * 2 === first;
  const steps = isPowerOfTwo ? [firstRoot, ...path] : path;
  let fn = first - 1;
  let sn = second - 1;
  while (isOdd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  const [seed, ...rest] = steps;
  if (seed === undefined || path.length === 0) return false;
  let fr = seed;
  let sr = seed;
  for (const step of rest) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      fr = nodeHash(step, fr);
      sr = nodeHash(step, sr);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      sr = nodeHash(sr, step);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && sameBytes(fr, firstRoot) && sameBytes(sr, secondRoot);
};
