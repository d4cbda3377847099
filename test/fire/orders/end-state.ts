import { sha256Hex } from "../../../src/core/digest.ts";
import type { Db } from "../../../src/db/pool.ts";

const parts = {
  levels: `select json_build_array(sku, location_id, on_hand, reserved, incoming)::text as line from stock_level
            order by sku collate "C", location_id collate "C"`,
  orderLines: `select json_build_array(account_id, order_ref, line_ref, sku, location_id, hold_units, left_units, back_units,
                      source_updated_at, source_observed_at)::text as line from order_line
                order by account_id, order_ref, line_ref, sku collate "C"`,
  reservations: `select json_build_array(r.id, r.state, l.line, l.sku, l.location_id, l.units_asked, l.units_held,
                        l.units_committed, l.units_released)::text as line
                   from reservation r join reservation_line l on l.reservation_id = r.id order by r.id, l.line`,
};

/** One hash over levels, order lines and reservations: what must not depend on the order in which events came. */
export const endStateHash = async (db: Db): Promise<string> => {
  const texts: string[] = [];
  for (const [name, text] of Object.entries(parts)) {
    const { rows } = await db.pool.query<{ line: string }>(text);
    texts.push(`${name}\n${rows.map(({ line }) => line).join("\n")}`);
  }
  return sha256Hex(texts.join("\n"));
};
