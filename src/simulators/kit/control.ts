import { Hono } from "hono";
import { z } from "zod";
import { type FaultSource, faultPlans } from "./faults.ts";
import type { SimulatedChannel } from "./simulator.ts";

const Lines = z.array(z.strictObject({ lineId: z.string(), units: z.number().int().min(1) })).optional();
const Seed = z.strictObject({
  listings: z.array(
    z.strictObject({
      sku: z.string().min(1),
      title: z.string(),
      units: z.number().int().min(0),
      fulfilledBy: z.enum(["merchant", "channel"]).default("merchant"),
    }),
  ),
});
const Sale = z.strictObject({
  reference: z.string().min(1),
  lines: z.array(z.strictObject({ sku: z.string().min(1), units: z.number().int().min(1) })).min(1),
});
const Range = z.tuple([z.number().min(0), z.number().min(0)]);
const Share = z.number().min(0).max(1);
const Faults = z.strictObject({
  level: z.enum(["none", "light", "heavy"]).optional(),
  plan: z
    .strictObject({
      messageDropShare: Share,
      messageDuplicateShare: Share,
      messageDelayMs: Range,
      serverErrorShare: Share,
      requestLostShare: Share,
      replyLostShare: Share,
      throttleShare: Share,
      acceptedNotAppliedShare: Share,
      applyDelayMs: Range,
      orderVisibilityMs: Range,
      staleReadMs: z.number().min(0),
      tokenLifeMs: z.number().min(0),
    })
    .partial()
    .optional(),
});
const Target = z.strictObject({ url: z.url(), verificationToken: z.string().optional() });

/** The simulator's own door, mounted under `/_control`: what buyers and the seller's hands do, faults, and the truth. */
export const controlRoutes = (channel: SimulatedChannel, faults: FaultSource): Hono => {
  const app = new Hono();
  app.onError((error, c) => c.json({ error: error.message }, error instanceof z.ZodError ? 422 : 500));
  app.post("/listings", async (c) => {
    channel.seedListings(Seed.parse(await c.req.json()).listings);
    return c.json({ ok: true });
  });
  app.post("/sales", async (c) => c.json(channel.sell(Sale.parse(await c.req.json()))));
  app.post("/orders/:id/cancel", async (c) => {
    const { lines } = z.strictObject({ lines: Lines }).parse(await c.req.json());
    return c.json(channel.cancel(c.req.param("id"), lines));
  });
  app.post("/orders/:id/ship", async (c) => {
    const { lines } = z.strictObject({ lines: Lines }).parse(await c.req.json());
    return c.json(channel.ship(c.req.param("id"), lines));
  });
  app.post("/edit", async (c) => {
    const { sku, units } = z
      .strictObject({ sku: z.string(), units: z.number().int().min(0) })
      .parse(await c.req.json());
    channel.editListing(sku, units);
    return c.json({ ok: true });
  });
  app.post("/webhook-target", async (c) => {
    const { url, verificationToken } = Target.parse(await c.req.json());
    await channel.setWebhookTarget(verificationToken === undefined ? { url } : { url, verificationToken });
    return c.json({ ok: true });
  });
  app.post("/faults", async (c) => {
    const { level, plan } = Faults.parse(await c.req.json());
    const given = Object.fromEntries(Object.entries(plan ?? {}).filter(([, value]) => value !== undefined));
    faults.plan = { ...(level === undefined ? faults.plan : faultPlans[level]), ...given };
    return c.json(faults.plan);
  });
  app.get("/truth", (c) => c.json(channel.truth()));
  app.get("/shown", (c) => c.json({ listings: channel.truth().listings }));
  app.get("/writes", (c) => c.json({ writes: channel.writesSince(Number(c.req.query("since") ?? "0")) }));
  app.get("/counters", (c) => c.json(channel.counters()));
  app.get("/violations", (c) => c.json({ violations: channel.violations() }));
  return app;
};
