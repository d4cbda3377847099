import { z } from "zod";

/** The merchant's stock code: opaque, byte-exact (never trimmed or case-folded), 1–255 bytes of UTF-8. */
export const Sku = z
  .string()
  .refine((sku) => Buffer.byteLength(sku, "utf8") >= 1 && Buffer.byteLength(sku, "utf8") <= 255, {
    message: "must be 1 to 255 bytes of UTF-8",
  })
  .refine((sku) => sku.isWellFormed() && !sku.includes("\u0000"), { message: "must be well-formed text without NUL" })
  .brand("Sku");
export type Sku = z.infer<typeof Sku>;

const slug = (what: string): z.ZodString =>
  z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, `${what} must be lower-case letters, digits and dashes, at most 63`);

export const LocationId = slug("a location id").brand("LocationId");
export type LocationId = z.infer<typeof LocationId>;

/** One seller login on one channel, as named in the settings. */
export const AccountId = slug("an account id").brand("AccountId");
export type AccountId = z.infer<typeof AccountId>;

/** Quantities are whole units. Bounded far below 2^53 so that sums over a catalogue stay exact. */
export const unitsMax = 1_000_000_000;
export const Units = z.number().int("must be a whole number").min(0, "must not be negative").max(unitsMax);
export const PositiveUnits = z.number().int("must be a whole number").min(1, "must be at least 1").max(unitsMax);
export const SignedUnits = z
  .number()
  .int("must be a whole number")
  .min(-unitsMax)
  .max(unitsMax)
  .refine((units) => units !== 0, "must not be zero");

/** The caller's own name for a reservation or a transfer: it stands in paths and logs as it is. */
export const OwnId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:~-]{0,254}$/,
    "must be 1 to 255 letters, digits and . _ : ~ -, the first a letter or digit",
  );
