import { Sku, unitsMax } from "../core/ids.ts";
import { type ReservationUnits, reservationLinesMax } from "../ledger/commands.ts";
import { type FieldProblem, ProblemError } from "../ops/problem.ts";
import type { ReserveBody, ReserveLine } from "./reservation-schemas.ts";

/** What one unit of a listing takes. */
export type Component = { readonly sku: string; readonly units: number };

type Wish = ReservationUnits & { readonly index: number; readonly ofListing: boolean };

const wishesOf = (
  line: ReserveLine,
  index: number,
  componentsOf: (listing: NonNullable<ReserveLine["listing"]>) => readonly Component[],
): readonly Wish[] => {
  const at = { locationId: line.location, index };
  if (line.listing === undefined) {
    return line.sku === undefined ? [] : [{ ...at, sku: line.sku, units: line.units, ofListing: false }];
  }
  return componentsOf(line.listing).map(({ sku, units }) => ({
    ...at,
    sku: Sku.parse(sku),
    units: line.units * units,
    ofListing: true,
  }));
};

/** What several lines of a request take of one SKU is one line. Two plain lines of one SKU are left: a mistake to name. */
const mergeWishes = (wishes: readonly Wish[]): readonly Wish[] => {
  const merged: Wish[] = [];
  for (const wish of wishes) {
    const other = merged.findIndex((one) => one.sku === wish.sku && one.locationId === wish.locationId);
    const before = merged[other];
    if (before === undefined || !(before.ofListing || wish.ofListing)) merged.push(wish);
    else merged[other] = { ...before, units: before.units + wish.units, ofListing: true };
  }
  return merged;
};

const unmapped = (lines: readonly ReserveLine[], componentsOf: (line: ReserveLine) => readonly Component[]) =>
  lines.flatMap((line, index): FieldProblem[] =>
    line.listing === undefined || componentsOf(line).length > 0
      ? []
      : [
          {
            field: `lines[${index}].listing`,
            problem: `account "${line.listing.account}" has no linked listing "${line.listing.ref}"`,
            fix: "link it to what it sells (`lockstep map`), or name SKUs",
          },
        ],
  );

/**
 * A request's lines as the ledger takes them: listings become their components, all in one reservation. Pure. Errors:
 * `ProblemError` for a listing that stands for nothing, a kit in part, too many units or lines.
 */
export const resolveLines = (
  body: Pick<ReserveBody, "lines" | "mode">,
  componentsOf: (listing: NonNullable<ReserveLine["listing"]>) => readonly Component[],
): readonly ReservationUnits[] => {
  const { lines, mode } = body;
  const missing = unmapped(lines, (line) => (line.listing === undefined ? [] : componentsOf(line.listing)));
  if (missing.length > 0) throw new ProblemError("unmapped-listing", { errors: missing });
  const wishes = mergeWishes(lines.flatMap((line, index) => wishesOf(line, index, componentsOf)));
  if (mode === "partial" && wishes.some((wish) => wish.ofListing)) {
    const problem = "would tear listings apart that take several units";
    const fix = "send mode all, or name SKUs instead of listings";
    throw new ProblemError("invalid-request", { errors: [{ field: "mode", problem, fix }] });
  }
  const over = wishes.find((wish) => wish.units > unitsMax);
  if (over !== undefined) {
    const problem = `takes ${over.units} of "${over.sku}", more than ${unitsMax}`;
    const error = { field: `lines[${over.index}].units`, problem, fix: "send fewer units" };
    throw new ProblemError("units-over-limit", { errors: [error] });
  }
  if (wishes.length > reservationLinesMax) {
    const problem = `come to ${wishes.length} SKUs; a reservation has at most ${reservationLinesMax}`;
    const error = { field: "lines", problem, fix: "make several reservations" };
    throw new ProblemError("invalid-request", { errors: [error] });
  }
  return wishes.map(({ sku, locationId, units }) => ({ sku, locationId, units }));
};
