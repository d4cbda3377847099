import { readFileSync } from "node:fs";
import { onTestFinished } from "vitest";
import { z } from "zod";
import type { Clock } from "../../../../src/core/clock.ts";
import { type FaultPlan, faultPlans } from "../../../../src/simulators/kit/faults.ts";
import { demoShopifyAccount, type ShopifyAccount } from "../../../../src/simulators/shopify/account.ts";
import { type ShopifySimulatorOptions, startShopifySimulator } from "../../../../src/simulators/shopify/start.ts";

type ManualClock = Clock & { advance(ms: number): void };

/** Stands still until told otherwise. */
const manualClock = (startMs = Date.parse("2026-11-20T15:15:01.700Z")): ManualClock => {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: () => Promise.reject(new Error("no test sleeps")),
    advance: (ms) => {
      nowMs += ms;
    },
  };
};

export const quiet: FaultPlan = { ...faultPlans.none, messageDelayMs: [0, 0] };

export const Answer = z.object({
  status: z.number(),
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .array(z.looseObject({ message: z.string(), extensions: z.record(z.string(), z.unknown()).optional() }))
    .optional(),
  extensions: z
    .looseObject({
      cost: z
        .object({
          requestedQueryCost: z.number(),
          actualQueryCost: z.number().nullable(),
          throttleStatus: z.object({
            maximumAvailable: z.number(),
            currentlyAvailable: z.number(),
            restoreRate: z.number(),
          }),
        })
        .optional(),
    })
    .optional(),
});
export type Answer = z.infer<typeof Answer>;

/** A simulated shop with a clock of its own, driven over HTTP as a seller's software would. */
export const openShop = async (options: ShopifySimulatorOptions = {}) => {
  const clock = manualClock();
  const simulator = await startShopifySimulator({ clock, faults: quiet, ...options });
  let open = true;
  const close = async (): Promise<void> => {
    if (open) await simulator.close();
    open = false;
  };
  onTestFinished(close);
  const account: ShopifyAccount = options.account ?? demoShopifyAccount;
  const post = (path: string, body: unknown, token: string | null = account.accessToken): Promise<Response> =>
    fetch(`${simulator.url}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(token === null ? {} : { "X-Shopify-Access-Token": token }) },
      body: JSON.stringify(body),
    });
  const graphql = async (query: string, variables: Record<string, unknown> = {}): Promise<Answer> => {
    const response = await post("/admin/api/2026-10/graphql.json", { query, variables });
    const body = z.record(z.string(), z.unknown()).parse(await response.json());
    return Answer.parse({ ...body, status: response.status });
  };
  return { ...simulator, clock, account, post, graphql, close };
};
export type Shop = Awaited<ReturnType<typeof openShop>>;

const Levels = z.object({
  inventoryItems: z.object({
    nodes: z.array(
      z.object({
        id: z.string(),
        sku: z.string(),
        variants: z.object({ nodes: z.array(z.object({ id: z.string() })) }),
        inventoryLevels: z.object({
          nodes: z.array(
            z.object({
              id: z.string(),
              isActive: z.boolean(),
              location: z.object({ id: z.string(), name: z.string() }),
              quantities: z.array(z.object({ name: z.string(), quantity: z.number() })),
            }),
          ),
        }),
      }),
    ),
  }),
});

/** An item's ids and quantities at each location, read over GraphQL. */
export const readItem = async (shop: Shop, sku: string) => {
  const { data } = await shop.graphql(
    `query Item($q: String!) { inventoryItems(first: 1, query: $q) { nodes { id sku variants(first: 1) { nodes { id } }
      inventoryLevels(first: 10, includeInactive: true) { nodes { id isActive location { id name }
        quantities(names: ["available", "committed", "on_hand"]) { name quantity } } } } } }`,
    { q: `sku:'${sku}'` },
  );
  const item = Levels.parse(data).inventoryItems.nodes[0];
  if (item === undefined) throw new Error(`no item with SKU ${sku}`);
  const levels = item.inventoryLevels.nodes.map(({ quantities, ...level }) => ({
    ...level,
    ...Object.fromEntries(quantities.map(({ name, quantity }) => [name, quantity])),
  }));
  const level = levels[0];
  if (level === undefined) throw new Error(`${sku} has no level`);
  return { id: item.id, variantId: item.variants.nodes[0]?.id ?? "", levels, level };
};

export const setDocument = `mutation Set($input: InventorySetQuantitiesInput!, $idempotencyKey: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $idempotencyKey) {
    inventoryAdjustmentGroup { id createdAt reason referenceDocumentUri
      changes { name delta quantityAfterChange item { id } location { id name } } }
    userErrors { field message code }
  }
}`;

/** A contract file, parsed by the caller's schema. */
export const contract = <Shape>(path: string, shape: z.ZodType<Shape>): Shape =>
  shape.parse(JSON.parse(readFileSync(new URL(`../../../../contracts/shopify/${path}`, import.meta.url), "utf8")));
