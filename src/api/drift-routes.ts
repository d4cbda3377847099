import { createRoute, z } from "@hono/zod-openapi";
import { driftCauses } from "../sync/drift-cause.ts";
import { driftStates } from "../sync/read-drifts.ts";
import { wholeText } from "./fields.ts";
import { commonAnswers, json, opensWith, type ScopedRoute } from "./route-parts.ts";

const rowsMax = 200;

const DriftsQuery = z.strictObject({
  account: z.string().min(1).max(255).optional(),
  state: z.enum(driftStates).optional(),
  cause: z.enum(driftCauses).optional(),
  before: wholeText("the `next` of an earlier page")
    .optional()
    .openapi({ description: "Only drifts before this one: the `next` of the page before." }),
  limit: wholeText(`a whole number from 1 to ${rowsMax}`)
    .refine((text) => Number(text) <= rowsMax, `must be a whole number from 1 to ${rowsMax}`)
    .optional()
    .openapi({ description: `1 to ${rowsMax}; 50 when left out.` }),
});

const at = z.string().openapi({ format: "date-time" });
export const DriftsOut = z
  .strictObject({
    drifts: z.array(
      z.strictObject({
        id: z.string(),
        account: z.string(),
        listing: z.string().openapi({ description: "The listing's ref." }),
        channelSku: z.string().nullable(),
        expectedUnits: z.int().openapi({ description: "What our last write or settling left the channel at." }),
        observedUnits: z.int().openapi({ description: "What it showed when the drift was found." }),
        shownUnits: z.int().nullable().openapi({ description: "What it showed at the last reading." }),
        state: z.enum(driftStates),
        cause: z.enum(driftCauses).nullable().openapi({ description: "Null while it is not judged, or was none." }),
        policy: z.enum(["heal", "ask", "accept"]).nullable(),
        reason: z.string().nullable(),
        decidedBy: z.string().nullable(),
        observedAt: at,
        stateSince: at,
      }),
    ),
    next: z.string().nullable().openapi({ description: "Send as `before` for the page after; null at the end." }),
  })
  .openapi("Drifts");
export type DriftsOut = z.infer<typeof DriftsOut>;

export const listDrifts = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/drifts",
  summary: "Listings that showed another number than they should, with causes, newest first",
  request: { query: DriftsQuery },
  responses: { 200: json("A page of drifts.", DriftsOut), ...commonAnswers },
});

export const driftRoutes: readonly ScopedRoute[] = [listDrifts];
