const newline = 0x0a;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes are not UTF-8, or the last line has no end. */
export class LinesError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "LinesError";
  }
}

/**
 * Lines of a stream of bytes, ended by LF and nothing else: entries may hold other characters that some readers take for a
 * line's end. Errors: `LinesError`.
 */
export async function* readLines(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let count = 0;
  const textOf = (bytes: Buffer): string => {
    count += 1;
    try {
      return decoder.decode(bytes);
    } catch {
      throw new LinesError(`line ${count}: is not UTF-8`);
    }
  };
  for await (const chunk of source) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      const part = chunk.subarray(from, end);
      yield textOf(rest.length === 0 ? part : Buffer.concat([...rest, part]));
      rest = [];
      from = end + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) throw new LinesError(`line ${count + 1}: the file ends in the middle of it`);
}
