import type { Db } from "../../../src/db/pool.ts";
import type { PlainLedger } from "./plain-ledger.ts";

type Figures = readonly (string | number | null)[];

const rowsOf = async (db: Db, text: string): Promise<ReadonlyMap<string, Figures>> => {
  const { rows } = await db.pool.query<{ name: string; figures: Figures }>(text);
  return new Map(rows.map(({ name, figures }) => [name, figures]));
};

const differences = (what: string, found: ReadonlyMap<string, Figures>, expected: ReadonlyMap<string, Figures>) =>
  [...new Set([...found.keys(), ...expected.keys()])].flatMap((name) => {
    const [is, should] = [JSON.stringify(found.get(name)), JSON.stringify(expected.get(name))];
    return is === should ? [] : [`${what} ${name}: is ${is}, should be ${should}`];
  });

const mapped = <Row>(rows: ReadonlyMap<string, Row>, figures: (row: Row) => Figures): ReadonlyMap<string, Figures> =>
  new Map([...rows].map(([name, row]) => [name, figures(row)]));

/** What the database holds against what the model holds, row by row; movements are summed up anew. */
export const compareState = async (db: Db, model: PlainLedger): Promise<readonly string[]> => {
  const levels = mapped(model.levels, (one) => [one.onHand, one.reserved, one.incoming, one.version]);
  const moved = new Map([...levels].filter(([, figures]) => figures[3] !== 0));
  const { rows: incidents } = await db.pool.query(
    "select count(*)::int as n, coalesce(sum(units_short), 0)::int as units from oversell_incident",
  );
  const lines = [...model.reservations].flatMap(([id, { lines: own }]) =>
    own.map((line, index): [string, Figures] => [
      `${id} line ${index}`,
      [line.sku, line.at, line.asked, line.held, line.committed, line.released],
    ]),
  );
  return [
    ...differences(
      "level",
      await rowsOf(
        db,
        `select sku || ' @ ' || location_id as name, json_build_array(on_hand, reserved, incoming, version) as figures from stock_level`,
      ),
      levels,
    ),
    ...differences(
      "movements of",
      await rowsOf(
        db,
        `select sku || ' @ ' || location_id as name,
                json_build_array(sum(d_on_hand), sum(d_reserved), sum(d_incoming), count(*)) as figures
           from movement group by sku, location_id`,
      ),
      moved,
    ),
    ...differences(
      "reservation",
      await rowsOf(
        db,
        `select id as name, json_build_array(state, (extract(epoch from expires_at) * 1000)::bigint) as figures from reservation`,
      ),
      mapped(model.reservations, (one) => [one.state, one.endsMs]),
    ),
    ...differences(
      "reservation",
      await rowsOf(
        db,
        `select reservation_id || ' line ' || line as name, json_build_array(sku, location_id, units_asked, units_held,
                units_committed, units_released) as figures from reservation_line`,
      ),
      new Map(lines),
    ),
    ...differences(
      "transfer",
      await rowsOf(
        db,
        `select id || ' of ' || sku as name, json_build_array(from_location, to_location, units_sent, units_received,
                units_lost, units_returned) as figures from transfer`,
      ),
      mapped(model.transfers, (one) => [one.from, one.to, one.sent, one.received, one.lost, one.returned]),
    ),
    ...differences(
      "order line",
      await rowsOf(
        db,
        `select account_id || ' ' || order_ref || ' ' || line_ref || ' ' || sku as name,
                json_build_array(location_id, hold_units, left_units, back_units) as figures from order_line`,
      ),
      mapped(model.orderLines, (one) => [one.at, one.hold, one.left, one.back]),
    ),
    ...differences(
      "oversell incidents",
      new Map([["all", [Number(incidents[0]?.n), Number(incidents[0]?.units)]]]),
      new Map([["all", [model.incidents, model.unitsShort]]]),
    ),
  ];
};
