import { z } from "zod";
import { merchantChannelCode } from "./account.ts";

/**
 * The `fulfillment_availability` attribute and what patches do to it (channel document §6). Pure.
 * A row is addressed by its channel code; `quantity` absent means Amazon holds the stock.
 */
export type AvailabilityRow = {
  readonly fulfillment_channel_code: string;
  readonly quantity?: number | undefined;
  readonly lead_time_to_ship_max_days?: number | undefined;
  readonly restock_date?: string | undefined;
  readonly marketplace_id?: string | undefined;
};

export type Patch = {
  readonly op: "add" | "replace" | "merge" | "delete";
  readonly path: string;
  readonly value?: readonly Readonly<Record<string, unknown>>[] | undefined;
};

export type Issue = {
  readonly code: string;
  readonly message: string;
  readonly severity: "ERROR" | "WARNING";
  readonly attributeNames: readonly string[];
  readonly categories: readonly string[];
};

export const availabilityPath = "/attributes/fulfillment_availability";

const Row = z.strictObject({
  fulfillment_channel_code: z.string().min(1),
  quantity: z.number().int().min(0).optional(),
  lead_time_to_ship_max_days: z.number().int().min(0).max(30).optional(),
  restock_date: z.string().optional(),
  marketplace_id: z.string().optional(),
});

/** What Amazon's own validation says about a patch; no ERROR means it would be accepted. */
export const judgePatch = (patch: Patch): readonly Issue[] => {
  if (patch.path !== availabilityPath) return [];
  const value = patch.value ?? [];
  if (value.length === 0) return [issue("90220", "'fulfillment_availability' needs at least one value.")];
  return value.flatMap((item) => judgeRow(patch, item));
};

const judgeRow = (patch: Patch, item: Readonly<Record<string, unknown>>): readonly Issue[] => {
  const unknown = Object.keys(item).filter((key) => !(key in Row.shape));
  // camelCase as in the read model: the commonest mistake (§6, code 90000900).
  if (unknown.length > 0) return [issue("90000900", `The Attribute Keys(s) '${unknown.join("', '")}' are not valid.`)];
  const parsed = Row.safeParse(item);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    const where = first?.path.join(".") ?? "";
    return [
      issue(where === "fulfillment_channel_code" ? "90220" : "90244", `'${where}': ${first?.message ?? "invalid"}.`),
    ];
  }
  const row = parsed.data;
  if (patch.op === "delete") return [];
  if (row.fulfillment_channel_code !== merchantChannelCode && !row.fulfillment_channel_code.startsWith("AMAZON_")) {
    return [issue("90244", `'${row.fulfillment_channel_code}' is not a valid value for 'fulfillment_channel_code'.`)];
  }
  // A lead time cannot be changed without the quantity (§6).
  return row.fulfillment_channel_code === merchantChannelCode && row.quantity === undefined
    ? [issue("90220", "'quantity' is required but missing.")]
    : [];
};

const issue = (code: string, message: string): Issue => ({
  code,
  message,
  severity: "ERROR",
  attributeNames: ["fulfillment_availability"],
  categories: ["INVALID_ATTRIBUTE"],
});

/**
 * `merge` changes the given fields of the row with the same channel code. `replace` and `add` put the given rows in
 * place of all there were: a lead time or restock date that is not given again is gone (channel document, fact 3).
 */
export const patchedRows = (rows: readonly AvailabilityRow[], patch: Patch): readonly AvailabilityRow[] => {
  const given = z.array(Row).parse(patch.value ?? []);
  const codes = new Set(given.map((row) => row.fulfillment_channel_code));
  switch (patch.op) {
    case "add":
    case "replace":
      return given;
    case "delete":
      return rows.filter((row) => !codes.has(row.fulfillment_channel_code));
    case "merge": {
      const merged = rows.map((row) => ({
        ...row,
        ...given.find((item) => item.fulfillment_channel_code === row.fulfillment_channel_code),
      }));
      const present = new Set(rows.map((row) => row.fulfillment_channel_code));
      return [...merged, ...given.filter((row) => !present.has(row.fulfillment_channel_code))];
    }
  }
};

/** What buyers can buy of a merchant's row: nothing when the row is gone. */
export const merchantUnits = (rows: readonly AvailabilityRow[]): number =>
  rows.find((row) => row.fulfillment_channel_code === merchantChannelCode)?.quantity ?? 0;

export const withMerchantUnits = (rows: readonly AvailabilityRow[], units: number): readonly AvailabilityRow[] =>
  patchedRows(rows, {
    op: "merge",
    path: availabilityPath,
    value: [{ fulfillment_channel_code: merchantChannelCode, quantity: units }],
  });
