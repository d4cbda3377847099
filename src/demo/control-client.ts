import { z } from "zod";

// The simulators' control door as JSON. Not their types: the demo is a stranger to them, as a shop's buyers are.
const SaleLine = z.object({
  lineId: z.string(),
  sku: z.string(),
  orderedUnits: z.number(),
  cancelledUnits: z.number(),
  shippedUnits: z.number(),
  restockedUnits: z.number(),
});
const OrderTruth = z.object({
  orderId: z.string(),
  reference: z.string(),
  atMs: z.number(),
  listedAtMs: z.number().nullable(),
  lines: z.array(SaleLine),
});
export type OrderTruth = z.infer<typeof OrderTruth>;
const SaleResult = z.object({
  orderId: z.string().nullable(),
  lines: z.array(SaleLine),
  soldOut: z.array(z.object({ sku: z.string(), units: z.number() })),
});
export type SaleResult = z.infer<typeof SaleResult>;
const Listings = z.array(z.object({ sku: z.string(), units: z.number() }));
const Truth = z.object({
  channel: z.string(),
  listings: Listings,
  orders: z.array(OrderTruth),
});
export type Truth = z.infer<typeof Truth>;
const Write = z.object({
  sequence: z.number(),
  atMs: z.number(),
  sku: z.string(),
  unitsBefore: z.number(),
  unitsAfter: z.number(),
  acceptedMs: z.number(),
  unitsWhenAccepted: z.number(),
});
export type Write = z.infer<typeof Write>;
const Counters = z.object({
  requests: z.number(),
  contractViolations: z.number(),
  throttled: z.number(),
  writesAccepted: z.number(),
  writesApplied: z.number(),
  pendingWrites: z.number(),
  pendingMessages: z.number(),
  faults: z.record(z.string(), z.number()),
});
export type Counters = z.infer<typeof Counters>;

const call = async <Answer extends z.ZodType>(
  answer: Answer,
  url: string,
  body?: unknown,
): Promise<z.infer<Answer>> => {
  const response = await fetch(
    url,
    body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
  );
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return answer.parse(JSON.parse(text));
};

/** A simulated channel as its buyers, its seller's hands and its auditor see it. */
export const controlClient = (baseUrl: string) => {
  const at = (path: string): string => `${baseUrl}/_control${path}`;
  return {
    seed: (listings: readonly { sku: string; title: string; units: number }[]) =>
      call(z.object({ ok: z.boolean() }), at("/listings"), { listings }),
    sell: (reference: string, lines: readonly { sku: string; units: number }[]) =>
      call(SaleResult, at("/sales"), { reference, lines }),
    cancel: (orderId: string, lines: readonly { lineId: string; units: number }[]) =>
      call(OrderTruth, at(`/orders/${encodeURIComponent(orderId)}/cancel`), { lines }),
    ship: (orderId: string) => call(OrderTruth, at(`/orders/${encodeURIComponent(orderId)}/ship`), {}),
    webhookTarget: (target: { url: string; verificationToken?: string }) =>
      call(z.object({ ok: z.boolean() }), at("/webhook-target"), target),
    /** `plan`: shares and delays that differ from the level's. */
    faults: (level: "none" | "light" | "heavy", plan: Readonly<Record<string, unknown>> = {}) =>
      call(z.unknown(), at("/faults"), { level, plan }),
    edit: (sku: string, units: number) => call(z.object({ ok: z.boolean() }), at("/edit"), { sku, units }),
    truth: () => call(Truth, at("/truth")),
    /** Of the truth only what the listings show. */
    shown: async () => (await call(z.object({ listings: Listings }), at("/shown"))).listings,
    writes: async (since = 0) =>
      (await call(z.object({ writes: z.array(Write) }), at(`/writes?since=${since}`))).writes,
    counters: () => call(Counters, at("/counters")),
    violations: async () => (await call(z.object({ violations: z.array(z.string()) }), at("/violations"))).violations,
  };
};
export type ControlClient = ReturnType<typeof controlClient>;
