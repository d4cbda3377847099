import { constants } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { parseNote, type TreeHead } from "./note.ts";

/** A head as it is kept outside the database: one JSON line, the signed note and the key it was signed with. */
const Line = z.object({ publicKey: z.string(), note: z.string() });
export type OutsideHead = z.infer<typeof Line> & { readonly head: TreeHead };

const tailBytes = 64 * 1024;

/** The head of a line; undefined when it is none (a line that a crash tore, or somebody's edit). */
export const parseHeadLine = (line: string): OutsideHead | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = Line.safeParse(value);
  const head = parsed.success ? parseNote(parsed.data.note) : undefined;
  return parsed.success && head !== undefined ? { ...parsed.data, head } : undefined;
};

export const headLine = ({ publicKey, note }: z.infer<typeof Line>): string => JSON.stringify({ publicKey, note });

/** The last whole head of a file; undefined without a file or a head. Errors: as `open`, but for a missing file. */
export const readNewestOutside = async (path: string): Promise<OutsideHead | undefined> => {
  const file = await open(path, constants.O_RDONLY).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const length = Math.min(size, tailBytes);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer
      .toString("utf8")
      .split("\n")
      .toReversed()
      .map(parseHeadLine)
      .find((head) => head !== undefined);
  } finally {
    await file.close();
  }
};

/** Appends a head and waits until it is on the disk. A last line that a crash tore is closed first. */
export const appendOutside = async (path: string, head: z.infer<typeof Line>): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o644);
  try {
    const { size } = await file.stat();
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
    const isTorn = size > 0 && buffer.toString("utf8") !== "\n";
    await file.appendFile(`${isTorn ? "\n" : ""}${headLine(head)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
};
