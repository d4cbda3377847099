import { z } from "zod";
import type { Term } from "./allocate.ts";
import { figureNames } from "./policy.ts";

const Level = z.object({
  locationId: z.string(),
  onHand: z.number(),
  reserved: z.number(),
  incoming: z.number(),
  version: z.number(),
  onlyNamed: z.literal(true).exactOptional(),
});
const Counted = z.object({
  figure: z.enum(figureNames),
  locationId: z.string().exactOptional(),
  sign: z.union([z.literal(1), z.literal(-1)]),
});
const units = z.number();

const StoredTerm = z.discriminatedUnion("term", [
  z.object({
    term: z.literal("available"),
    sku: z.string(),
    units,
    unitsEach: z.number(),
    levels: z.array(Level).exactOptional(),
    counts: z.array(Counted).exactOptional(),
    withheldUnits: z.number().exactOptional(),
  }),
  z.object({ term: z.literal("policy"), version: z.string(), by: z.enum(["account", "sku", "listing"]) }),
  z.object({ term: z.literal("tier"), upToUnits: z.number(), units }),
  z.object({
    term: z.literal("last-units"),
    atMostUnits: z.number(),
    accounts: z.array(z.string()),
    mayShow: z.boolean(),
    units,
  }),
  z.object({ term: z.literal("share"), percent: z.number(), units }),
  z.object({ term: z.literal("buffer"), withheldUnits: z.number(), units }),
  z.object({ term: z.literal("cap"), capUnits: z.number(), units }),
  z.object({ term: z.literal("floor"), floorUnits: z.number(), units }),
  z.object({ term: z.literal("hold"), holdIds: z.array(z.number()), units }),
  z.object({ term: z.literal("sold"), soldUnits: z.number(), units }),
  z.object({ term: z.literal("shown"), shownUnits: z.number(), units }),
  z.object({ term: z.literal("captured"), units }),
]);

/** Terms as an attempt or an observation kept them; undefined for none, or for words that this version does not know. */
export const storedTerms = (stored: unknown): readonly Term[] | undefined => {
  const parsed = z.array(StoredTerm).safeParse(stored);
  return parsed.success ? parsed.data : undefined;
};
