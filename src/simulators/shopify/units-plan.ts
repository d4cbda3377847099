import { parseGid } from "./identifiers.ts";
import { activeLevels, type Level, type Listing } from "./inventory.ts";
import { type Line, lineOf, type Order, openUnits, type RefundRow } from "./orders.ts";

type LineUnits = { readonly lineId: string; readonly units: number };
type PlannedRefund = Omit<RefundRow, "refundLineId">;

/** Spreads units over the line's locations, in the order in which they were allocated. */
const overLocations = (
  line: Line,
  units: number,
): readonly { readonly locationId: string; readonly units: number }[] => {
  if (units > openUnits(line))
    throw new Error(`line ${line.lineId} has only ${openUnits(line)} open units, not ${units}`);
  let missing = units;
  const parts: { locationId: string; units: number }[] = [];
  for (const { locationId, openUnits: open } of line.allocations) {
    const part = Math.min(open, missing);
    missing -= part;
    if (part > 0) parts.push({ locationId, units: part });
  }
  return parts;
};

/** A line named twice counts once, with the sum. */
const summed = (wanted: readonly LineUnits[]): readonly LineUnits[] => {
  const byLine = new Map<string, number>();
  for (const { lineId, units } of wanted) byLine.set(lineId, (byLine.get(lineId) ?? 0) + units);
  return [...byLine].map(([lineId, units]) => ({ lineId, units }));
};

const wantedLines = <Wanted extends LineUnits>(
  order: Order,
  wanted: readonly Wanted[],
): readonly { readonly line: Line; readonly want: Wanted }[] =>
  wanted.map((want) => ({ line: lineOf(order, parseGid(want.lineId)?.id ?? want.lineId), want }));

/** Open units that are given up: refunded and put back where they were taken from. */
export const planCancel = (order: Order, wanted: readonly LineUnits[]): readonly PlannedRefund[] =>
  wantedLines(order, summed(wanted)).flatMap(({ line, want }) =>
    overLocations(line, want.units).map((part) => ({ ...part, lineId: line.lineId, restockType: "cancel" as const })),
  );

/** Shipped units that come back; restocked at the location that shipped first. */
export const planReturn = (
  order: Order,
  wanted: readonly (LineUnits & { readonly restock: boolean })[],
): readonly PlannedRefund[] =>
  wantedLines(order, wanted).map(({ line, want }) => {
    const out = line.shippedUnits - line.returnedUnits;
    if (want.units > out) throw new Error(`line ${line.lineId} has only ${out} shipped units, not ${want.units}`);
    const locationId = want.restock ? (line.allocations[0]?.locationId ?? null) : null;
    return { lineId: line.lineId, units: want.units, restockType: want.restock ? "return" : "no_restock", locationId };
  });

/** One shipment a location. */
export const planShipments = (
  order: Order,
  wanted: readonly LineUnits[],
): readonly { readonly locationId: string; readonly rows: readonly LineUnits[] }[] => {
  const byLocation = new Map<string, LineUnits[]>();
  for (const { line, want } of wantedLines(order, summed(wanted))) {
    for (const { locationId, units } of overLocations(line, want.units)) {
      const rows = byLocation.get(locationId) ?? [];
      rows.push({ lineId: line.lineId, units });
      byLocation.set(locationId, rows);
    }
  }
  return [...byLocation].map(([locationId, rows]) => ({ locationId, rows }));
};

/** From one location if one has enough, else split; undefined when all together have too little. `taken` grows. */
export const allocate = (
  listing: Listing,
  units: number,
  taken: Map<Level, number>,
): readonly { readonly locationId: string; readonly units: number }[] | undefined => {
  const stock = activeLevels(listing).map((level) => ({ level, left: level.available - (taken.get(level) ?? 0) }));
  const enough = stock.find(({ left }) => left >= units);
  const sources = enough === undefined ? stock.filter(({ left }) => left > 0) : [enough];
  if (sources.reduce((sum, { left }) => sum + left, 0) < units) return undefined;
  let missing = units;
  const allocations: { locationId: string; units: number }[] = [];
  for (const { level, left } of sources) {
    const part = Math.min(left, missing);
    if (part <= 0) continue;
    missing -= part;
    taken.set(level, (taken.get(level) ?? 0) + part);
    allocations.push({ locationId: level.location.locationId, units: part });
  }
  return allocations;
};
