import { createRoute, z } from "@hono/zod-openapi";
import { oversellCauses, oversellWhats } from "../sync/oversell-evidence.ts";
import { sku, wholeText } from "./fields.ts";
import { commonAnswers, json, opensWith, problem, type ScopedRoute } from "./route-parts.ts";

const rowsMax = 200;
const at = z.string().openapi({ format: "date-time" });

const OversellsQuery = z.strictObject({
  sku: sku.optional(),
  since: z.iso
    .datetime({ offset: true, error: "must be a time in ISO 8601 with an offset" })
    .optional()
    .openapi({ description: "Only what was recorded from then on.", example: "2026-11-27T00:00:00Z" }),
  before: wholeText("the `next` of an earlier page")
    .optional()
    .openapi({ description: "Only oversells before this one: the `next` of the page before." }),
  limit: wholeText(`a whole number from 1 to ${rowsMax}`)
    .refine((text) => Number(text) <= rowsMax, `must be a whole number from 1 to ${rowsMax}`)
    .optional()
    .openapi({
      description: `1 to ${rowsMax}; 50 when left out. Each row is told from its evidence: small pages are fast.`,
    }),
});

const Oversell = z
  .strictObject({
    id: z.string(),
    sku: z.string(),
    location: z.string(),
    unitsShort: z.int().openapi({ description: "By how many units available went below zero, or further below." }),
    recordedAt: at,
    account: z.string().nullable().openapi({ description: "Whose order did it; null: no order." }),
    order: z.string().nullable(),
    cause: z.enum(oversellCauses),
    what: z.enum(oversellWhats).openapi({ description: "The cause, finer." }),
    sentence: z.string(),
    avoidedBy: z
      .strictObject({
        setting: z.string().openapi({ description: "none: nothing would have avoided it." }),
        value: z.union([z.string(), z.number()]).nullable().openapi({ description: "Null: a value of your own." }),
        account: z.string().nullable(),
      })
      .openapi({ description: "The setting that would have avoided it." }),
    advice: z.string(),
  })
  .openapi("Oversell");

export const OversellsOut = z
  .strictObject({
    oversells: z.array(Oversell),
    next: z.string().nullable().openapi({ description: "Send as `before` for the page after; null at the end." }),
  })
  .openapi("Oversells");
export type OversellsOut = z.infer<typeof OversellsOut>;

const Taker = z.strictObject({
  movement: z.string(),
  by: z.enum(["order", "checkout", "hand"]),
  kind: z.string(),
  units: z.int(),
  account: z.string().nullable(),
  order: z.string().nullable(),
  soldAt: at.openapi({ description: "By the clock of the world." }),
  toldAt: at.openapi({ description: "When we first heard of it." }),
  recordedAt: at.openapi({ description: "When the ledger had it." }),
  door: z.enum(["webhook", "poll", "queue", "read"]).nullable(),
});

export const PostMortemOut = Oversell.extend({
  blames: z.array(
    z.strictObject({
      cause: z.enum(oversellCauses),
      what: z.enum(oversellWhats),
      units: z.int(),
      movement: z.string().nullable(),
      gapMs: z.number().nullable().openapi({ description: "From that to the second sale." }),
    }),
  ),
  evidence: z
    .strictObject({
      second: Taker.openapi({ description: "What took the units last by the clock of the world." }),
      last: Taker.openapi({ description: "What the ledger learned of last." }),
      before: z.array(Taker).openapi({ description: "What the second's number did not know of, earliest first." }),
      offer: z
        .strictObject({
          account: z.string().nullable(),
          listing: z.string().nullable(),
          units: z.int(),
          unitsEach: z.int(),
          madeAt: at,
          availableUnits: z.int(),
          how: z.enum(["push", "seen-right", "restored", "channel", "ledger"]),
        })
        .nullable()
        .openapi({ description: "The number that the second sale was made under." }),
      writes: z.array(
        z.strictObject({
          attempt: z.int(),
          units: z.int(),
          state: z.string(),
          startedAt: at,
          answeredAt: at.nullable(),
          appliedAt: at.nullable(),
        }),
      ),
    })
    .nullable(),
  timeline: z.array(
    z.strictObject({
      at,
      kind: z.enum(["sale", "delivery", "movement", "push", "answer", "applied", "observation", "hold"]),
      id: z.int(),
      text: z.string(),
      account: z.string().nullable(),
      listing: z.string().nullable(),
    }),
  ),
}).openapi("PostMortem");
export type PostMortemOut = z.infer<typeof PostMortemOut>;

export const listOversellsRoute = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/oversells",
  summary: "Units that were sold and not there, each with its cause, newest first",
  request: { query: OversellsQuery },
  responses: { 200: json("A page of oversells.", OversellsOut), ...commonAnswers },
});

export const getOversellRoute = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/oversells/{id}",
  summary: "One oversell: what happened, why, and the setting that would have avoided it",
  request: {
    params: z.object({
      id: z
        .string()
        .openapi({ param: { name: "id", in: "path" }, description: "The oversell's number.", example: "7" }),
    }),
  },
  responses: {
    200: json("The post-mortem.", PostMortemOut),
    404: problem("There is no such oversell."),
    ...commonAnswers,
  },
});

export const oversellRoutes: readonly ScopedRoute[] = [listOversellsRoute, getOversellRoute];
