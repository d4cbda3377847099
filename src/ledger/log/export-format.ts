import { z } from "zod";
import { hashBytes } from "./merkle.ts";

/** The first line of an export. Everything in it is held against the rest: there is no byte that nobody checks. */
const Header = z.strictObject({
  format: z.literal("lockstep-ledger-log/1"),
  publicKey: z.string(),
  /** The signed head over `size` movements, of which the file holds [from, to). */
  head: z.string(),
  from: z.number(),
  to: z.number(),
  /** Roots of the complete subtrees before `from` and after `to`, left to right: with them a part proves itself. */
  left: z.array(z.string()),
  right: z.array(z.string()),
  /** Sizes of the heads at the file's end, in their order. */
  headSizes: z.array(z.number()),
});
export type ExportHeader = z.infer<typeof Header>;

export const headerLine = (header: ExportHeader): string => {
  const { format, publicKey, head, from, to, left, right, headSizes } = header;
  return JSON.stringify({ format, publicKey, head, from, to, left, right, headSizes });
};

/** Undefined unless the line is a header, written exactly as we write one. */
export const parseHeader = (line: string): ExportHeader | undefined => {
  try {
    const parsed = Header.safeParse(JSON.parse(line));
    return parsed.success && headerLine(parsed.data) === line ? parsed.data : undefined;
  } catch {
    return undefined;
  }
};

export const entryLine = (leaf: number, hash: Buffer, entry: string): string =>
  `{"leaf":${leaf},"hash":"${hash.toString("base64")}","entry":${entry}}`;

const entryPattern = /^\{"leaf":(0|[1-9]\d{0,15}),"hash":"([A-Za-z0-9+/]{43}=)","entry":(\{.*\})\}$/s;

export type ExportEntry = { readonly leaf: number; readonly hash: Buffer; readonly entry: string };

export const parseEntryLine = (line: string): ExportEntry | undefined => {
  const [, leaf, hash, entry] = entryPattern.exec(line) ?? [];
  const bytes = hash === undefined ? undefined : hashOf(hash);
  return bytes === undefined || entry === undefined ? undefined : { leaf: Number(leaf), hash: bytes, entry };
};

/** A hash in base64; undefined for any other text, another spelling of the same bytes included. */
export const hashOf = (text: string): Buffer | undefined => {
  const bytes = Buffer.from(text, "base64");
  return bytes.length === hashBytes && bytes.toString("base64") === text ? bytes : undefined;
};

/** The movement that an entry speaks of, for people. */
export const nameOfEntry = (entry: string): string => {
  try {
    const { id, kind, sku } = z.object({ id: z.number(), kind: z.string(), sku: z.string() }).parse(JSON.parse(entry));
    return `movement ${id} (${kind}, ${JSON.stringify(sku)})`;
  } catch {
    return "an entry that cannot be read";
  }
};
