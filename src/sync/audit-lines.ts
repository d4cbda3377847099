const newline = 0x0a;

/** A stream of bytes as lines, without a string made of any: `bytes` from `at` to `end` is what has not been used yet. */
export type LineSource = {
  bytes: Buffer;
  at: number;
  readonly end: number;
  /** True when a whole line is at hand. */
  hasLine(): boolean;
  /** Reads on until a whole line is at hand; false at the stream's end. Throws when it ends within a line. */
  fill(): Promise<boolean>;
  /** The line that begins at `at`, without its newline. Only valid until the next `fill`. */
  line(): Buffer;
  close(): Promise<void>;
};

export const createLineSource = (chunks: AsyncIterable<Buffer>): LineSource => {
  const iterator = chunks[Symbol.asyncIterator]();
  let bytes: Buffer = Buffer.alloc(0);
  return {
    at: 0,
    get bytes() {
      return bytes;
    },
    get end() {
      return bytes.length;
    },
    hasLine() {
      return bytes.indexOf(newline, this.at) >= 0;
    },
    async fill() {
      while (!this.hasLine()) {
        const next = await iterator.next();
        if (next.done === true) {
          if (this.at < bytes.length) throw new Error("a sorted stream ends within a line");
          return false;
        }
        // What is left is a part of one line.
        const left = bytes.subarray(this.at);
        bytes = left.length === 0 ? next.value : Buffer.concat([left, next.value]);
        this.at = 0;
      }
      return true;
    },
    line() {
      return bytes.subarray(this.at, bytes.indexOf(newline, this.at));
    },
    async close() {
      await iterator.return?.();
    },
  };
};
