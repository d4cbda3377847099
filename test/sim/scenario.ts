import type { ChannelShape } from "./channel.ts";
import type { Brake } from "./policy.ts";
import type { World } from "./world.ts";

export type Catalogue = {
  readonly shapes: readonly ChannelShape[];
  readonly skus: readonly {
    readonly sku: string;
    readonly units: number;
    readonly unitsEach: ReadonlyMap<string, number>;
  }[];
};

/** What a buyer will try, whatever is on offer then. */
export type Demand = {
  readonly atMs: number;
  readonly accountId: string;
  readonly orderRef: string;
  readonly wishes: readonly { readonly sku: string; readonly units: number }[];
  /** After the sale; null: never. */
  readonly shipAfterMs: number | null;
  readonly giveBack: readonly { readonly afterMs: number; readonly units: number; readonly sku?: string }[];
};
export type OwnDoor =
  | { readonly kind: "receive" | "adjust"; readonly atMs: number; readonly sku: string; readonly units: number }
  | {
      readonly kind: "reserve";
      readonly atMs: number;
      readonly sku: string;
      readonly units: number;
      readonly end: "commit" | "release" | "expire";
      readonly endAfterMs: number;
    };

export type Scenario = {
  readonly catalogue: Catalogue;
  readonly phaseMs: number;
  readonly demands: readonly Demand[];
  readonly ownDoors: readonly OwnDoor[];
  /** Listings of which a person says only then what they sell. */
  readonly lateLinks: readonly { readonly atMs: number; readonly accountId: string; readonly ref: string }[];
  readonly brakes: readonly (Brake & { readonly atMs: number; readonly forMs: number })[];
};

const between = (draw: number, low: number, high: number): number => low + Math.floor(draw * (high - low + 1));

const shapesOf = (world: World): readonly ChannelShape[] => {
  const random = world.random("shapes");
  // Where all channels tell of orders at once, a SKU soon counts as quiet, and raises do not wait long.
  const isPrompt = world.random("prompt")() < 0.5;
  const shape = (
    given: Pick<ChannelShape, "channel" | "pushBatchMax" | "messages" | "stampMs"> & {
      lagMs: number;
      settleMs: number;
    },
  ): ChannelShape => ({
    accountId: given.channel,
    channel: given.channel,
    comparesAndSets: given.channel === "shopify",
    pushBatchMax: given.pushBatchMax,
    settleMs: given.settleMs,
    orderLagMs: isPrompt ? Math.floor(given.lagMs / 10) : given.lagMs,
    stampMs: given.stampMs,
    messages: given.messages,
    restocks: given.channel === "shopify",
  });
  return [
    shape({
      channel: "amazon",
      pushBatchMax: 1,
      messages: "queue",
      stampMs: 1_000,
      lagMs: between(random(), 2, 8) * 1_000,
      settleMs: between(random(), 6, 25) * 1_000,
    }),
    shape({
      channel: "ebay",
      pushBatchMax: 25,
      messages: "hints",
      stampMs: 1,
      lagMs: between(random(), 1, 4) * 1_000,
      settleMs: between(random(), 3, 12) * 1_000,
    }),
    shape({
      channel: "shopify",
      pushBatchMax: 50,
      messages: "snapshots",
      stampMs: 1_000,
      lagMs: between(random(), 0, 2) * 1_000,
      settleMs: 1_000,
    }),
  ];
};

const lateLinksOf = (world: World, { skus }: Catalogue, phaseMs: number): Scenario["lateLinks"] => {
  const random = world.random("late-links");
  const named = skus.flatMap(({ sku, unitsEach }) =>
    [...unitsEach].map(([accountId, each]) => ({ accountId, sku, each })),
  );
  // What has the SKU's own name is linked by itself.
  return named
    .filter(({ each }) => each > 1 && random() < 0.5)
    .map(({ accountId, sku }) => ({
      atMs: world.startedMs + Math.floor(random() * phaseMs),
      accountId,
      ref: `${accountId}:${sku}`,
    }));
};

const brakesOf = (world: World, { shapes, skus }: Catalogue, phaseMs: number): Scenario["brakes"] => {
  const random = world.random("brakes");
  if (random() >= 0.3) return [];
  return Array.from({ length: between(random(), 1, 2) }, () => {
    const brake = (["zero", "freeze", "pause"] as const)[between(random(), 0, 2)] ?? "zero";
    const names = brake === "pause" ? shapes.map(({ accountId }) => accountId) : skus.map(({ sku }) => sku);
    return {
      brake,
      on: names[Math.floor(random() * names.length)] as string,
      atMs: world.startedMs + Math.floor(random() * phaseMs),
      forMs: between(random(), 10, 90) * (brake === "pause" ? 2_000 : 1_000),
    };
  });
};

/** Draws a small shop and everything that people will do in it. Whatever the tool does, it is the same. */
export const drawScenario = (world: World): Scenario => {
  const shapes = shapesOf(world);
  const random = world.random("scenario");
  // Everybody wants the first SKU at once, so that sales fall between any two steps.
  const isRush = world.random("rush")() < 0.2;
  const skuCount = between(random(), 3, 6);
  const skus = Array.from({ length: skuCount }, (_, index) => {
    const units = between(random(), 2, 30) + (isRush && index === 0 ? 60 : 0);
    const unitsEach = new Map(
      shapes.flatMap(({ accountId }) => (random() < 0.85 ? [[accountId, random() < 0.12 ? 2 : 1] as const] : [])),
    );
    // What is listed nowhere nobody sells, and a tool need not know of it.
    if (unitsEach.size === 0) unitsEach.set((shapes[0] as ChannelShape).accountId, 1);
    return { sku: `SKU-${index + 1}`, units, unitsEach };
  });
  const usualMs = (random() < 0.1 ? between(random(), 120, 300) : between(random(), 40, 90)) * 1_000;
  const phaseMs = isRush ? 40_000 : usualMs;
  const skuOf = (): string => {
    // The first SKU is the one that everybody wants.
    const index = random() < (isRush ? 0.8 : 0.4) ? 0 : Math.floor(random() * skuCount);
    return (skus[index] as (typeof skus)[number]).sku;
  };
  const demands = Array.from({ length: between(random(), 16, 40) + (isRush ? 40 : 0) }, (_, index): Demand => {
    const { accountId } = shapes[Math.floor(random() * shapes.length)] as ChannelShape;
    const wish = () => ({ sku: skuOf(), units: random() < 0.8 ? between(random(), 1, 2) : between(random(), 3, 6) });
    const first = wish();
    const second = random() < 0.2 ? [wish()] : [];
    return {
      atMs: world.startedMs + Math.floor(random() * phaseMs),
      accountId,
      orderRef: `o${index + 1}`,
      wishes: [first, ...second],
      shipAfterMs: random() < 0.5 ? between(random(), 5, 60) * 1_000 : null,
      giveBack:
        random() < 0.3
          ? [
              {
                afterMs: (random() < 0.5 ? between(random(), 1, 8) : between(random(), 9, 60)) * 1_000,
                units: between(random(), 1, 2),
              },
            ]
          : [],
    };
  });
  const ownDoors = Array.from({ length: between(random(), 6, 18) }, (): OwnDoor => {
    const common = { atMs: world.startedMs + Math.floor(random() * phaseMs), sku: skuOf() };
    const draw = random();
    if (draw < 0.6) return { ...common, kind: "receive", units: between(random(), 1, 15) };
    if (draw < 0.7) return { ...common, kind: "adjust", units: -between(random(), 1, 2) };
    const end = (["commit", "release", "expire"] as const)[between(random(), 0, 2)] ?? "release";
    return {
      ...common,
      kind: "reserve",
      units: between(random(), 1, 3),
      end,
      endAfterMs: between(random(), 5, 60) * 1_000,
    };
  });
  const shop = { shapes, skus };
  return {
    catalogue: shop,
    phaseMs,
    demands,
    ownDoors,
    lateLinks: lateLinksOf(world, shop, phaseMs),
    brakes: brakesOf(world, shop, phaseMs),
  };
};
