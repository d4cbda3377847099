import { ChannelError } from "../../core/failure.ts";

/** A row of GET_MERCHANT_LISTINGS_ALL_DATA, reduced to what stock needs. */
export type ReportRow = {
  readonly sku: string;
  readonly channelCode: string;
  /** As of the report, which may be a day old; null for stock that lies with Amazon: empty is not zero (§10). */
  readonly units: number | null;
  /** Amazon's word; null when the column has gone again. */
  readonly status: string | null;
  readonly title: string | null;
};

export type ReadRow =
  | { readonly kind: "row"; readonly row: ReportRow }
  | { readonly kind: "skipped"; readonly reason: string };

type Columns = {
  readonly sku: number;
  readonly channel: number;
  readonly quantity: number;
  readonly status: number;
  readonly title: number;
};

const newline = 0x0a;
const tab = 0x09;

/** Neither byte is ever the second half of a letter in UTF-8, windows-1252 or Shift-JIS. */
const split = (bytes: Buffer, separator: number): readonly Buffer[] => {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(separator); at !== -1; at = bytes.indexOf(separator, from)) {
    parts.push(bytes.subarray(from, at));
    from = at + 1;
  }
  parts.push(bytes.subarray(from));
  return parts;
};

async function* linesOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of content) {
    const lines = split(Buffer.concat([rest, chunk]), newline);
    rest = lines.at(-1) ?? Buffer.alloc(0);
    yield* lines.slice(0, -1);
  }
  if (rest.length > 0) yield rest;
}

type Decoded = { readonly text: string; readonly isGuess: boolean };

const decoderOf = (label: string | undefined): InstanceType<typeof TextDecoder> | undefined => {
  try {
    return label === undefined ? undefined : new TextDecoder(label);
  } catch {
    return undefined; // A name nobody knows is as good as none.
  }
};

/**
 * Field by field: the declared encoding; else UTF-8 where it is valid; else what the region used to write, which is a
 * guess (§10: windows-1252, Shift-JIS in Japan).
 */
const createDecoder = (declared: string | undefined, region: "na" | "eu" | "fe"): ((bytes: Uint8Array) => Decoded) => {
  const told = decoderOf(declared);
  const strict = new TextDecoder("utf-8", { fatal: true });
  const legacy = new TextDecoder(region === "fe" ? "shift_jis" : "windows-1252");
  return (bytes) => {
    if (told !== undefined) return { text: told.decode(bytes), isGuess: false };
    try {
      return { text: strict.decode(bytes), isGuess: false };
    } catch {
      return { text: legacy.decode(bytes), isGuess: true };
    }
  };
};

/** By name, because columns come, go and change their spelling. Errors: permanent when one that we need is missing. */
const columnsOf = (header: readonly string[]): Columns => {
  const names = header.map((name) => name.trim().toLowerCase());
  const at = (...spellings: readonly string[]): number => names.findIndex((name) => spellings.includes(name));
  const columns = {
    sku: at("seller-sku"),
    channel: at("fulfillment-channel", "fulfilment-channel"),
    quantity: at("quantity"),
    status: at("status"),
    title: at("item-name"),
  };
  const missing = [
    ...(columns.sku < 0 ? ["seller-sku"] : []),
    ...(columns.channel < 0 ? ["fulfillment-channel"] : []),
    ...(columns.quantity < 0 ? ["quantity"] : []),
  ];
  if (missing.length === 0) return columns;
  throw new ChannelError({ kind: "permanent", message: `the listings report has no column ${missing.join(", ")}` });
};

const rowOf = (fields: readonly Buffer[], columns: Columns, decode: (bytes: Uint8Array) => Decoded): ReadRow => {
  const field = (at: number): Decoded | undefined => {
    const bytes = fields[at];
    return bytes === undefined ? undefined : decode(bytes);
  };
  const sku = field(columns.sku);
  const channelCode = field(columns.channel)?.text ?? "";
  const quantity = field(columns.quantity)?.text ?? "";
  if (sku === undefined || sku.text === "" || channelCode === "")
    return { kind: "skipped", reason: "a row is cut off" };
  // A guessed letter makes another SKU, and a write to it would go astray.
  if (sku.isGuess || sku.text.includes("\ufffd")) return { kind: "skipped", reason: "a SKU's letters cannot be told" };
  const row = {
    sku: sku.text,
    channelCode,
    units: /^\d{1,9}$/.test(quantity) ? Number(quantity) : null,
    status: field(columns.status)?.text ?? null,
    title: field(columns.title)?.text ?? null,
  };
  return { kind: "row", row };
};

/**
 * The rows of the report as they arrive. Raw tabs, no quoting (§10).
 * Errors: `ChannelError`; permanent when a column that we need is missing, retryable when the document breaks off.
 */
export async function* readMerchantReport(
  content: AsyncIterable<Uint8Array>,
  options: { readonly contentType: string | undefined; readonly region: "na" | "eu" | "fe" },
): AsyncGenerator<ReadRow> {
  const decode = createDecoder(/charset="?([\w.:-]+)/i.exec(options.contentType ?? "")?.[1], options.region);
  let columns: Columns | undefined;
  try {
    for await (const line of linesOf(content)) {
      const trimmed = line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
      const fields = split(trimmed, tab);
      if (columns === undefined) columns = columnsOf(fields.map((field) => decode(field).text.replace(/^\ufeff/, "")));
      else if (trimmed.length > 0) yield rowOf(fields, columns, decode);
    }
  } catch (cause) {
    if (cause instanceof ChannelError) throw cause;
    throw new ChannelError({ kind: "retryable", message: "the listings report broke off", cause });
  }
  if (columns === undefined) throw new ChannelError({ kind: "permanent", message: "the listings report is empty" });
}
