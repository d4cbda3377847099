import type { Refusal } from "./answers.ts";
import type { Level, LockedState, Move, OrderLineState, Reservation, Transfer } from "./state.ts";

/** What a command is decided on: the locked state with the effects of the commands before it. */
export interface Book {
  readonly clockAt: string;
  readonly locations: LockedState["locations"];
  level(sku: string, locationId: string): Level | undefined;
  /** Whether that level has this movement. */
  movement(id: number, of: { readonly sku: string; readonly locationId: string }): boolean;
  inTransit(sku: string, locationId: string): number;
  reservation(id: string): Reservation | undefined;
  transfer(id: string, sku: string): Transfer | undefined;
  orderLine(key: string): OrderLineState | undefined;
}

export type RefusedEffect = {
  readonly kind: "refused";
  readonly refusal: Refusal;
  readonly field: string;
  readonly detail: string;
};

/** What a command does; without moves stock stays as it is. What it is about decides the shape of the answer. */
export type DoneEffect = {
  readonly kind: "done";
  readonly moves: readonly Move[];
  /** False: it changed nothing and state tells so; a key of its own would only fill the table. */
  readonly remember: boolean;
  readonly about:
    | { readonly level: { readonly sku: string; readonly locationId: string }; readonly orderLine?: OrderLineState }
    | { readonly reservation: Reservation }
    | { readonly transfer: Transfer };
};
export type Effect = RefusedEffect | DoneEffect;

export const refuse = (refusal: Refusal, field: string, detail: string): RefusedEffect => ({
  kind: "refused",
  refusal,
  field,
  detail,
});

/** The level a command names, or why there is none. `fields` are the command's names for location and SKU. */
export const knownLevel = (
  book: Book,
  place: { readonly sku: string; readonly locationId: string },
  fields: { readonly location: string; readonly sku: string } = { location: "location", sku: "sku" },
): Level | RefusedEffect => {
  if (!book.locations.has(place.locationId)) {
    return refuse(
      "unknown-location",
      fields.location,
      `there is no location "${place.locationId}"; add it to the settings`,
    );
  }
  return (
    book.level(place.sku, place.locationId) ??
    refuse(
      "unknown-sku",
      fields.sku,
      `the ledger has no SKU "${place.sku}" at "${place.locationId}"; receive units first`,
    )
  );
};

export const isRefused = (value: Level | Effect): value is RefusedEffect => "kind" in value && value.kind === "refused";
