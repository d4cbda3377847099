import { z } from "zod";
import { Sku, unitsMax } from "../core/ids.ts";
import { percent, say, strict, text, wholeNumber } from "./fields.ts";
import type { AllocationPolicy, PolicyOverride } from "./settings.ts";

const units = wholeNumber(0, unitsMax);

const CountedFigure = text.regex(
  /^-?(?:on_hand|reserved|available|incoming)(?:@[a-z0-9][a-z0-9-]{0,62})?$/,
  say("is no figure", "write on_hand, reserved, available or incoming, with - before it or @location after it"),
);

export const policyFields = strict({
  share_percent: percent.default(100),
  buffer: units.default(0),
  cap: units.nullable().default(null),
  floor: units.default(0),
  counts: z.array(CountedFigure).min(1, "must name at least one figure").optional(),
  last_units: strict({ at_most: units, accounts: z.array(text).min(1, "must name at least one account") }).optional(),
  tiers: z
    .array(
      strict({
        up_to: units,
        share_percent: percent.optional(),
        buffer: units.optional(),
        cap: units.nullable().optional(),
      }),
    )
    .optional(),
});
type PolicyFields = z.infer<typeof policyFields>;

export const overrideFields = strict({
  // Byte-exact, like everywhere.
  skus: z.array(Sku).default([]),
  listings: z.array(text).default([]),
  policy: z.union([text, policyFields]),
}).refine(
  ({ skus, listings }) => skus.length + listings.length > 0,
  say("names neither skus nor listings", "say for which listings it is"),
);

const toFigure = (given: string): NonNullable<AllocationPolicy["counts"]>[number] => {
  const [figure = "", locationId] = given.replace(/^-/, "").split("@");
  return {
    figure: z.enum(["on_hand", "reserved", "available", "incoming"]).parse(figure),
    ...(locationId !== undefined && { locationId }),
    sign: given.startsWith("-") ? -1 : 1,
  };
};

const toTier = (tier: NonNullable<PolicyFields["tiers"]>[number]): NonNullable<AllocationPolicy["tiers"]>[number] => ({
  upToUnits: tier.up_to,
  ...(tier.share_percent !== undefined && { sharePercent: tier.share_percent }),
  ...(tier.buffer !== undefined && { bufferUnits: tier.buffer }),
  ...(tier.cap !== undefined && { capUnits: tier.cap }),
});

/** What the file leaves out stays out: a policy's version is made of its content. */
export const toPolicy = (fields: PolicyFields): AllocationPolicy => ({
  sharePercent: fields.share_percent,
  bufferUnits: fields.buffer,
  capUnits: fields.cap,
  floorUnits: fields.floor,
  ...(fields.counts !== undefined && { counts: fields.counts.map(toFigure) }),
  ...(fields.last_units !== undefined && {
    lastUnits: { atMostUnits: fields.last_units.at_most, accounts: fields.last_units.accounts },
  }),
  ...(fields.tiers !== undefined && fields.tiers.length > 0 && { tiers: fields.tiers.map(toTier) }),
});

/** What an account without `policy` uses: everything that is available. */
export const defaultPolicy: AllocationPolicy = { sharePercent: 100, bufferUnits: 0, capUnits: null, floorUnits: 0 };

type Named = Readonly<Record<string, AllocationPolicy>>;

/** A policy by name, or as written; undefined for a name that is not there (`cross-checks.ts` complains). */
export const policyOf = (given: string | PolicyFields | undefined, named: Named): AllocationPolicy | undefined =>
  typeof given === "string" ? named[given] : given && toPolicy(given);

export const toOverrides = (
  given: readonly z.infer<typeof overrideFields>[],
  named: Named,
): readonly PolicyOverride[] =>
  given.map(({ skus, listings, policy }) => ({ skus, listings, policy: policyOf(policy, named) ?? defaultPolicy }));
