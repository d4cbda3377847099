import { z } from "@hono/zod-openapi";
import { AccountId } from "../core/ids.ts";
import { planGroups } from "../sync/plan-groups.ts";
import { planStates } from "../sync/plan-rows.ts";
import { note, wholeText } from "./fields.ts";

const account = AccountId.meta({ description: "An account's id in the settings.", example: "shop" });
const units = z.int().nullable();
const time = z.string().openapi({ format: "date-time" });

export const PlanBody = z.strictObject({ account }).openapi("MakePlan");

export const PlanParams = z.object({
  hash: z
    .string()
    .regex(/^[0-9a-f]{8,64}$/, "must be a plan's hash, or its first eight digits or more")
    .openapi({ param: { name: "hash", in: "path" }, description: "The plan's hash, or the beginning of it." }),
});

const GroupOut = z.strictObject({
  listings: z.int(),
  sharePercent: z.number().openapi({ description: "Of the merchant's listings of the account." }),
  shownUnits: z.int(),
  wantedUnits: z.int(),
});

const GuardOut = z.strictObject({
  guard: z.enum(["zeroed", "lowered", "raised", "everything-zero"]),
  listings: z.int(),
  sharePercent: z.number().openapi({ description: "Of the linked listings." }),
  limitListings: z.int(),
  exceeded: z.boolean(),
});

export const PlanOut = z
  .strictObject({
    id: z.string(),
    account: z.string(),
    hash: z.string().nullable().openapi({ description: "The plan's name; null while the channel is being read." }),
    state: z.enum(planStates),
    stateReason: z.string().nullable().openapi({ description: "Why it was not applied, or stopped." }),
    location: z.string(),
    policyVersion: z.string(),
    madeBy: z.string(),
    madeAt: time.nullable(),
    groups: z.record(z.enum(planGroups), GroupOut).nullable(),
    guards: z.array(GuardOut).nullable(),
  })
  .openapi("Plan");
export type PlanOut = z.infer<typeof PlanOut>;

const rows = (max: number) =>
  wholeText(`a whole number from 1 to ${max}`)
    .refine((text) => Number(text) <= max, `must be a whole number from 1 to ${max}`)
    .optional();

export const PlansQuery = z.strictObject({
  account: account.optional(),
  limit: rows(100).openapi({ description: "1 to 100; 20 when left out." }),
});
export const PlansOut = z.strictObject({ plans: z.array(PlanOut) }).openapi("Plans");

export const PlanQuery = z.strictObject({
  group: z.enum(planGroups).optional().openapi({ description: "Only lines of this group." }),
  listing: note(500).optional().openapi({ description: "Only this listing: its ref, an alias or its channel SKU." }),
  after: wholeText("the `next` of an earlier page")
    .optional()
    .openapi({ description: "The `next` of the page before." }),
  limit: rows(1_000).openapi({ description: "Lines of a page, 1 to 1,000; 100 when left out." }),
});

/** What an older or newer version wrote down is passed on as it is. */
export const PlanTerms = z.array(z.looseObject({ term: z.string(), units: z.int().optional() })).nullable();

export const PlanDetailOut = z
  .strictObject({
    plan: PlanOut,
    progress: z.strictObject({
      total: z.int(),
      done: z.int(),
      refused: z.int(),
      moved: z.int(),
      left: z.int(),
      canaryTotal: z.int(),
      canaryDone: z.int(),
      restoreTotal: z.int(),
      restoreDone: z.int(),
      restoreFailed: z.int(),
    }),
    lines: z.array(
      z.strictObject({
        listing: z.string(),
        channelSku: z.string().nullable(),
        group: z.enum(planGroups),
        shownUnits: units.openapi({ description: "What the channel showed: the captured number." }),
        readAt: time.nullable(),
        unreadReason: z.string().nullable(),
        wantedUnits: units.openapi({ description: "What it would show." }),
        terms: PlanTerms.openapi({ description: "Why: the steps from what is available to what would be shown." }),
        linkedBy: z.string().nullable(),
        canary: z.boolean(),
        outcome: z.string().nullable(),
        detail: z.string().nullable(),
      }),
    ),
    next: z.string().nullable().openapi({ description: "Send as `after` for the page after; null at the end." }),
  })
  .openapi("PlanDetail");
export type PlanDetailOut = z.infer<typeof PlanDetailOut>;

export const ApplyBody = z
  .strictObject({
    canary: z.int().min(0).max(1_000).default(5).openapi({ description: "Listings that go first and are read back." }),
    overrideReason: note(500)
      .optional()
      .openapi({ description: "Why the limits may be passed. Without it a plan that passes one is refused." }),
  })
  .openapi("ApplyPlan");
