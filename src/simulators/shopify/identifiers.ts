const kinds = [
  "product",
  "variant",
  "item",
  "location",
  "level",
  "order",
  "line",
  "refund",
  "refund-line",
  "shipment",
  "shipment-line",
  "group",
  "subscription",
  "bulk",
] as const;
type IdKind = (typeof kinds)[number];

/** Kinds whose every third id lies beyond 2^53; their neighbours are equal once read as doubles (channel document §10.15). */
const beyondDoubles: ReadonlySet<IdKind> = new Set(["variant", "item", "order", "line", "refund", "refund-line"]);

export type IdSource = (kind: IdKind, index: number) => string;

/** The `index`-th id of a kind in the shop of this seed: decimal digits, always the same for the same seed. */
export const createIdSource =
  (seed: number): IdSource =>
  (kind, index) => {
    const place = BigInt(kinds.indexOf(kind) + 1);
    const shop = BigInt(Math.abs(Math.trunc(seed)) % 1_000_000) * 100_003n;
    if (beyondDoubles.has(kind) && index % 3 === 2) {
      return String(271_878_346_596_884_015n + place * 1_000_000_000_000_000n + shop + BigInt(index));
    }
    const spread = place * 700_000_000_000n + shop * 7n;
    return String(5_000_000_000_000n + spread + BigInt(index) * 32_768n);
  };

export const gid = (type: string, id: string): string => `gid://shopify/${type}/${id}`;

export type GlobalId = { readonly type: string; readonly id: string; readonly parameters: URLSearchParams };

/** undefined when the text is no global id at all. */
export const parseGid = (text: string): GlobalId | undefined => {
  const match = /^gid:\/\/shopify\/([A-Za-z]+)\/(\d+)(?:\?(.*))?$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { type: match[1], id: match[2], parameters: new URLSearchParams(match[3] ?? "") };
};
