/** As much of Postgres' wire protocol as the in-process engine needs, without copies: statements go by the ten thousand. */

const encodeText = (text: string): Buffer => Buffer.from(`${text}\0`, "utf8");

const frame = (kind: string, parts: readonly Buffer[]): Buffer => {
  const length = parts.reduce((sum, part) => sum + part.length, 4);
  const head = Buffer.allocUnsafe(5);
  head[0] = kind.charCodeAt(0);
  head.writeInt32BE(length, 1);
  return Buffer.concat([head, ...parts], length + 1);
};

const noTypes = Buffer.from([0, 0]);
export const parseAndDescribe = (name: string, text: string): Buffer =>
  Buffer.concat([
    frame("P", [encodeText(name), encodeText(text), noTypes]),
    frame("D", [Buffer.from("S"), encodeText(name)]),
  ]);

const executeAndSync = Buffer.from([69, 0, 0, 0, 9, 0, 0, 0, 0, 0, 83, 0, 0, 0, 4]);

/** Binds texts to the prepared statement's parameters, runs it and ends the message. */
export const bindAndRun = (name: string, values: readonly (string | null)[]): Buffer => {
  const bodyBytes = values.reduce((sum, value) => sum + 4 + (value === null ? 0 : Buffer.byteLength(value)), 0);
  const bindBytes = 4 + 1 + name.length + 1 + 2 + 2 + bodyBytes + 2;
  const buffer = Buffer.allocUnsafe(1 + bindBytes + executeAndSync.length);
  let at = buffer.writeUInt8(66, 0);
  at = buffer.writeInt32BE(bindBytes, at);
  at = buffer.writeUInt8(0, at);
  at += buffer.write(`${name}\0`, at, "latin1");
  at = buffer.writeInt16BE(0, at);
  at = buffer.writeInt16BE(values.length, at);
  for (const value of values) {
    if (value === null) {
      at = buffer.writeInt32BE(-1, at);
      continue;
    }
    const bytes = buffer.write(value, at + 4, "utf8");
    buffer.writeInt32BE(bytes, at);
    at += 4 + bytes;
  }
  at = buffer.writeInt16BE(0, at);
  executeAndSync.copy(buffer, at);
  return buffer;
};

export type Column = { readonly name: string; readonly oid: number };
export type Answer = {
  readonly isPrepared: boolean;
  readonly columns: readonly Column[] | undefined;
  readonly rows: readonly (readonly (string | null)[])[];
  readonly tag: string;
  readonly failure: (Error & { readonly code: string }) | undefined;
};

const columnsOf = (buffer: Buffer, start: number): readonly Column[] => {
  const columns: Column[] = [];
  let at = start + 2;
  for (let left = buffer.readInt16BE(start); left > 0; left -= 1) {
    const end = buffer.indexOf(0, at);
    columns.push({ name: buffer.toString("utf8", at, end), oid: buffer.readInt32BE(end + 7) });
    at = end + 19;
  }
  return columns;
};

const rowOf = (buffer: Buffer, start: number): readonly (string | null)[] => {
  const cells: (string | null)[] = [];
  let at = start + 2;
  for (let left = buffer.readInt16BE(start); left > 0; left -= 1) {
    const bytes = buffer.readInt32BE(at);
    at += 4;
    cells.push(bytes < 0 ? null : buffer.toString("utf8", at, at + bytes));
    at += Math.max(0, bytes);
  }
  return cells;
};

const failureOf = (buffer: Buffer, start: number, end: number): Error & { readonly code: string } => {
  const fields = new Map(
    buffer
      .toString("utf8", start, end)
      .split("\0")
      .map((field) => [field.slice(0, 1), field.slice(1)]),
  );
  return Object.assign(new Error(fields.get("M") ?? "unknown"), { code: fields.get("C") ?? "" });
};

export const readAnswer = (bytes: Uint8Array): Answer => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows: (readonly (string | null)[])[] = [];
  let isPrepared = false;
  let columns: readonly Column[] | undefined;
  let tag = "";
  let failure: Answer["failure"];
  for (let at = 0; at < buffer.length; ) {
    const end = at + 1 + buffer.readInt32BE(at + 1);
    const start = at + 5;
    const kind = String.fromCharCode(buffer[at] ?? 0);
    if (kind === "D") rows.push(rowOf(buffer, start));
    else if (kind === "T") columns = columnsOf(buffer, start);
    else if (kind === "C") tag = buffer.toString("latin1", start, end - 1);
    else if (kind === "1") isPrepared = true;
    else if (kind === "E") failure = failureOf(buffer, start, end);
    at = end;
  }
  return { isPrepared, columns, rows, tag, failure };
};
