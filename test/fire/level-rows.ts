import type { Db } from "../../src/db/pool.ts";
import { PlainLedger } from "./model/plain-ledger.ts";

type Figures = readonly (string | number)[];
const sorted = (rows: readonly Figures[]): string =>
  rows
    .map((row) => row.join(" "))
    .toSorted()
    .join("\n");

/** The model's levels as text, one a line: SKU, location, on hand, reserved, incoming, version. */
export const levelRowsOf = (model: PlainLedger): string =>
  sorted([...model.levels].map(([name, one]) => [name, one.onHand, one.reserved, one.incoming, one.version]));

/** The database's levels of these SKUs, as the same text. */
export const levelRowsIn = async (db: Db, skus: readonly string[]): Promise<string> => {
  const { rows } = await db.pool.query<{
    sku: string;
    location_id: string;
    on_hand: number;
    reserved: number;
    incoming: number;
    version: number;
  }>("select sku, location_id, on_hand, reserved, incoming, version from stock_level where sku = any($1)", [skus]);
  return sorted(
    rows.map((row) => [
      PlainLedger.levelName(row.sku, row.location_id),
      row.on_hand,
      row.reserved,
      row.incoming,
      row.version,
    ]),
  );
};
