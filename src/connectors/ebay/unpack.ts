import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createInflateRaw } from "node:zlib";

const zipMagic = 0x04034b50;
const zipHeadBytes = 30;
const gzipMagic = 0x8b1f;
const stored = 0;
const deflated = 8;

/**
 * The content of a report file, as it streams in: eBay sends a ZIP with one file, a gzip, or plain text (its documents
 * name all three). Throws `TypeError` for a ZIP that is neither stored nor deflated, and zlib's errors for damage.
 */
export async function* unpack(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = file[Symbol.asyncIterator]();
  const head = await take(source, zipHeadBytes);
  if (head.length >= 2 && head.readUInt16LE(0) === gzipMagic) {
    yield* through(createGunzip(), rest(head, source));
    return;
  }
  if (head.length < zipHeadBytes || head.readUInt32LE(0) !== zipMagic) {
    yield* rest(head, source);
    return;
  }
  const method = head.readUInt16LE(8);
  const dataAt = zipHeadBytes + head.readUInt16LE(26) + head.readUInt16LE(28);
  const whole = Buffer.concat([head, await take(source, dataAt - head.length)]);
  const data = rest(whole.subarray(dataAt), source);
  if (method === deflated) {
    // The deflated data tells its own end; the archive's directory behind it is of no interest.
    yield* through(createInflateRaw(), data);
    return;
  }
  const bytes = whole.readUInt32LE(18);
  if (method !== stored || bytes === 0) throw new TypeError(`the report's ZIP uses method ${method}`);
  yield* limited(data, bytes);
}

/** At least so many bytes, unless the source ends before. */
const take = async (source: AsyncIterator<Uint8Array>, bytes: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  let have = 0;
  while (have < bytes) {
    const { value, done } = await source.next();
    if (done === true) break;
    chunks.push(value);
    have += value.length;
  }
  return Buffer.concat(chunks);
};

async function* rest(first: Uint8Array, source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (;;) {
    const { value, done } = await source.next();
    if (done === true) return;
    yield value;
  }
}

async function* limited(source: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of source) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}

async function* through(transform: Transform, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const piped = pipeline(Readable.from(source), transform);
  // A failure reaches the reader through the transform; here it must only not go unheard.
  piped.catch(() => undefined);
  yield* transform as AsyncIterable<Uint8Array>;
}
