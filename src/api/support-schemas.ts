import { z } from "@hono/zod-openapi";
import { AccountId } from "../core/ids.ts";
import { note, reason, sku, wholeText } from "./fields.ts";

const time = (description: string) =>
  z.iso
    .datetime({ offset: true, error: "must be a time in ISO 8601 with an offset" })
    .openapi({ description, example: "2026-11-27T12:04:00Z" });
const instant = z.string().openapi({ format: "date-time" });
const account = AccountId.meta({ description: "An account's id in the settings.", example: "shop" });
const listing = note(500).meta({ description: "The listing's ref or alias; needs `account`." });

export const ExplainQuery = z
  .strictObject({
    sku: sku.optional(),
    account: account.optional(),
    listing: listing.optional(),
    at: time("What was shown then, and why; now when left out.").optional(),
  })
  .refine(({ sku: one, account: whose, listing: which }) => (which === undefined ? one : whose) !== undefined, {
    path: ["sku"],
    message: "is needed, or account and listing",
  });

/** Terms have a shape of their own each: `term` says which. */
const Terms = z
  .array(z.looseObject({ term: z.string() }))
  .openapi({ description: "Steps from what there is to the number, in their order; evaluated again they give it." });

const Attempt = z.strictObject({
  id: z.int(),
  units: z.int(),
  unitsBefore: z.int().nullable(),
  reason: z.string(),
  state: z.string().openapi({ description: "sent, accepted, applied, refused, unknown or lost." }),
  startedAt: instant,
  answeredAt: instant.nullable(),
  appliedAt: instant.nullable().openapi({ description: "When a read-back saw it." }),
  effectUntil: instant,
  receipt: z.string().nullable(),
  detail: z.string().nullable().openapi({ description: "What the channel said." }),
});

const ExplainedListing = z.strictObject({
  account: z.string(),
  channel: z.string(),
  listing: z.string(),
  channelSku: z.string().nullable(),
  title: z.string().nullable(),
  sells: z.array(z.strictObject({ sku: z.string(), units: z.int() })),
  at: instant,
  sentence: z.string(),
  shows: z
    .strictObject({ units: z.int().nullable(), since: instant, lastSeenAt: instant, readHow: z.string() })
    .nullable()
    .openapi({ description: "Null: nobody has looked." }),
  because: z
    .strictObject({
      kind: z.enum(["attempt", "seen-right", "sold", "ledger", "channel"]),
      attempt: z.int().nullable(),
      terms: Terms,
    })
    .nullable()
    .openapi({ description: "Where the shown number comes from; `channel`: it is none of ours." }),
  reproduced: z.boolean().openapi({ description: "The terms, evaluated again, gave the shown number." }),
  wanted: z
    .strictObject({ units: z.int(), terms: Terms })
    .nullable()
    .openapi({ description: "What it should show now." }),
  stock: z.array(
    z.strictObject({
      sku: z.string(),
      location: z.string(),
      onHand: z.int(),
      reserved: z.int(),
      incoming: z.int(),
      version: z.int(),
      movement: z.string().nullable().openapi({ description: "The movement that made it so." }),
    }),
  ),
  reservedBy: z.array(
    z.strictObject({
      by: z.enum(["order", "reservation"]),
      sku: z.string(),
      location: z.string(),
      units: z.int(),
      account: z.string().nullable(),
      ref: z.string(),
      since: instant,
    }),
  ),
  holds: z.array(
    z.strictObject({
      id: z.int(),
      kind: z.enum(["freeze", "zero"]),
      scope: z.string(),
      reason: z.string(),
      expiresAt: instant.nullable(),
    }),
  ),
  attempts: z.array(Attempt).openapi({ description: "The last five, newest first." }),
  waitsFor: z.array(z.strictObject({ what: z.string(), text: z.string() })),
});
export type ExplainedListing = z.infer<typeof ExplainedListing>;

export const ExplainOut = z
  .strictObject({ sku: z.string().nullable(), listings: z.array(ExplainedListing) })
  .openapi("Explanation");

const entriesMax = 500;
const limit = wholeText(`a whole number from 1 to ${entriesMax}`)
  .refine((text) => Number(text) <= entriesMax, `must be a whole number from 1 to ${entriesMax}`)
  .optional()
  .openapi({ description: `1 to ${entriesMax}; 100 when left out.` });

export const TimelineQuery = z
  .strictObject({
    sku: sku.optional(),
    order: note(500).meta({ description: "The order's number on its channel." }).optional(),
    listing: listing.optional(),
    account: account.optional(),
    before: time("Only what happened before: the `next` of the page before.").optional(),
    limit,
  })
  .refine((given) => [given.sku, given.order, given.listing].filter((one) => one !== undefined).length === 1, {
    path: ["sku"],
    message: "is needed, or order, or listing with account, and only one of them",
  })
  .refine((given) => given.listing === undefined || given.account !== undefined, {
    path: ["account"],
    message: "is needed with listing",
  });

export const TimelineOut = z
  .strictObject({
    entries: z.array(
      z.strictObject({
        at: instant,
        kind: z.enum(["delivery", "movement", "push", "answer", "applied", "observation", "hold"]),
        id: z.int().openapi({ description: "Counts within its kind: a movement's, a delivery's, an attempt's." }),
        text: z.string(),
        account: z.string().nullable(),
        listing: z.string().nullable(),
        sku: z.string().nullable(),
      }),
    ),
    next: instant.nullable().openapi({ description: "Send as `before` for what is older; null at the end." }),
  })
  .openapi("Timeline");

export const HoldOut = z
  .strictObject({
    id: z.int(),
    kind: z.enum(["freeze", "zero"]),
    scope: z.enum(["sku", "listing", "account", "everything"]),
    sku: z.string().nullable(),
    account: z.string().nullable(),
    listing: z.string().nullable(),
    reason: z.string(),
    actor: z.string(),
    startedAt: instant,
    expiresAt: instant.nullable(),
    endedAt: instant.nullable(),
    endedBy: z.string().nullable(),
  })
  .openapi("Hold");
export type HoldOut = z.infer<typeof HoldOut>;

export const HoldDoneOut = z
  .strictObject({
    hold: HoldOut,
    listings: z.int().openapi({ description: "How many listings it brakes, or braked." }),
    notLive: z.array(z.string()).openapi({ description: "Accounts among them to which nothing is written anyway." }),
  })
  .openapi("HoldDone");

export const HoldBody = z
  .strictObject({
    kind: z.enum(["freeze", "zero"]).openapi({ description: "freeze: nothing is pushed. zero: 0 is shown." }),
    scope: z.enum(["sku", "listing", "account", "everything"]),
    sku: sku.optional(),
    account: account.optional(),
    listing: listing.optional(),
    reason,
    expiresAt: time("It ends by itself then; until somebody ends it when left out.").optional(),
  })
  .refine((given) => (given.scope === "sku") === (given.sku !== undefined), {
    path: ["sku"],
    message: "goes with the scope sku, and with no other",
  })
  .refine((given) => ["account", "listing"].includes(given.scope) === (given.account !== undefined), {
    path: ["account"],
    message: "goes with the scopes account and listing, and with no other",
  })
  .refine((given) => (given.scope === "listing") === (given.listing !== undefined), {
    path: ["listing"],
    message: "goes with the scope listing, and with no other",
  })
  .openapi("HoldRequest");
export type HoldBody = z.infer<typeof HoldBody>;

export const EndHoldBody = z.strictObject({}).openapi("HoldEnd");
export const HoldParams = z.object({
  id: z.string().openapi({ param: { name: "id", in: "path" }, description: "The hold's number.", example: "7" }),
});

export const HoldsQuery = z.strictObject({
  state: z.enum(["in-force", "all"]).optional().openapi({ description: "in-force when left out." }),
  before: wholeText("the `next` of an earlier page").optional(),
  limit,
});
export const HoldsOut = z
  .strictObject({
    holds: z.array(HoldOut),
    next: z.string().nullable().openapi({ description: "Send as `before` for the page after; null at the end." }),
  })
  .openapi("Holds");
