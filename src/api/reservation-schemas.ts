import { z } from "@hono/zod-openapi";
import { AccountId, PositiveUnits } from "../core/ids.ts";
import { reservationLinesMax, ttlMsMax, ttlMsMin } from "../ledger/commands.ts";
import { location, note, ownId, sku, wholeText } from "./fields.ts";

/** How long a checkout holds its units when it does not say. */
export const ttlMsDefault = 15 * 60_000;

const ttlMs = z.int("must be a whole number").openapi({
  description: `Milliseconds, from ${ttlMsMin} to ${ttlMsMax} (90 days), counted by the database's clock.`,
  example: ttlMsDefault,
});

const few = <Line extends z.ZodType>(line: Line): z.ZodArray<Line> =>
  z
    .array(line)
    .min(1, "must have at least one line")
    .max(reservationLinesMax, `must have at most ${reservationLinesMax} lines`);

export const ReserveLine = z
  .strictObject({
    sku: sku.optional(),
    listing: z
      .strictObject({ account: AccountId, ref: note(500) })
      .optional()
      .openapi({ description: "A listing by its account and its ref or alias: all it sells is reserved, kits whole." }),
    location,
    units: PositiveUnits.meta({ description: "Of the SKU, or of the listing." }),
  })
  .refine((line) => (line.sku === undefined) !== (line.listing === undefined), {
    path: ["sku"],
    message: "must be given, or else a listing; not both",
  })
  .openapi("ReserveLine");
export type ReserveLine = z.infer<typeof ReserveLine>;

export const ReserveBody = z
  .strictObject({
    id: ownId("reservation")
      .optional()
      .openapi({ description: "The caller's own name for it, never used again. Left out, one is made of the key." }),
    lines: few(ReserveLine),
    mode: z
      .enum(["all", "partial"], "must be all or partial")
      .optional()
      .openapi({ description: "all (when left out): every line in full, or nothing. partial: as much as there is." }),
    ttlMs: ttlMs
      .nullable()
      .optional()
      .openapi({ description: "15 minutes when left out. null: until it is committed or released." }),
    reference: note(255)
      .refine((text) => Buffer.byteLength(text, "utf8") <= 255, "must be at most 255 bytes of UTF-8")
      .optional()
      .openapi({ description: "A note for people, an order or cart number; nothing about a person." }),
  })
  .openapi("Reserve");
export type ReserveBody = z.infer<typeof ReserveBody>;

const UnitsLine = z.strictObject({ sku, location, units: PositiveUnits }).openapi("ReservedUnits");

export const EndBody = z
  .strictObject({
    lines: few(UnitsLine)
      .optional()
      .openapi({ description: "So many units of these lines; everything that is open when left out." }),
  })
  .openapi("EndReservation");
export const ExtendBody = z.strictObject({ ttlMs }).openapi("ExtendReservation");

export const ReservationParams = z.object({
  id: ownId("reservation").openapi({ param: { name: "id", in: "path" } }),
});

const state = z.enum(["held", "committed", "released", "expired"], "must be held, committed, released or expired");
const time = z.string().openapi({ format: "date-time" });

const core = {
  id: z.string(),
  state: state.openapi({
    description: "held while units are open; then committed if any unit was, released if none, expired by time.",
  }),
  expiresAt: time.nullable().openapi({ description: "Past this it can no longer be committed; null: no end." }),
  lines: z.array(
    z.strictObject({
      sku: z.string(),
      location: z.string(),
      askedUnits: z.int(),
      heldUnits: z.int(),
      committedUnits: z.int(),
      releasedUnits: z.int(),
      openUnits: z.int().openapi({ description: "Held minus committed and released: still reserved." }),
    }),
  ),
};

/** As of the command: the same bytes whenever the request is repeated. */
export const ReservationOut = z.strictObject(core).openapi("Reservation");
export type ReservationOut = z.infer<typeof ReservationOut>;

export const ReservationRecord = z
  .strictObject({ ...core, reference: z.string().nullable(), actor: z.string(), createdAt: time, updatedAt: time })
  .openapi("ReservationRecord");
export type ReservationRecord = z.infer<typeof ReservationRecord>;

const pageMax = 200;
export const ReservationsQuery = z.strictObject({
  state: state.optional(),
  sku: sku.optional(),
  after: ownId("reservation").optional().openapi({ description: "The `next` of the page before." }),
  limit: wholeText(`a whole number from 1 to ${pageMax}`)
    .refine((text) => Number(text) <= pageMax, `must be a whole number from 1 to ${pageMax}`)
    .optional()
    .openapi({ description: `1 to ${pageMax}; 50 when left out.` }),
});
export const ReservationsOut = z
  .strictObject({
    reservations: z.array(ReservationRecord),
    next: z.string().nullable().openapi({ description: "Send as `after` for the page after; null at the end." }),
  })
  .openapi("Reservations");
