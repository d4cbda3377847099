import { expect, test } from "vitest";
import type { Connector } from "../../../src/connectors/connector.ts";
import { ChannelError } from "../../../src/core/failure.ts";
import { openMarket } from "../../support/toy/open-market.ts";
import { type FaultName, faults } from "../laws/faults.ts";
import { laws } from "../laws/laws.ts";
import { hastyClock, orderLagMs } from "../laws/subject.ts";

/** Laws that cannot be broken show nothing: each of these connectors has one fault, and one law that finds it. */
type Broken = {
  readonly what: string;
  readonly law: RegExp;
  readonly fault?: FaultName;
  readonly change: (good: Connector) => Partial<Connector>;
};

const later = new Date(Date.now() + 3_600_000).toISOString();

const broken: readonly Broken[] = [
  {
    what: "folds the case of SKUs",
    law: /byte for byte/,
    change: (good) => ({
      importListings: async (cursor, context) => {
        const page = await good.importListings(cursor, context);
        return {
          ...page,
          items: page.items.map((item) => ({ ...item, channelSku: item.channelSku?.toLowerCase() ?? null })),
        };
      },
    }),
  },
  {
    what: "reads one unit too many",
    law: /a reading is a number/,
    change: (good) => ({
      readQuantities: async (listings, context) =>
        (await good.readQuantities(listings, context)).map((one) => ({ ...one, units: (one.units ?? 0) + 1 })),
    }),
  },
  {
    what: "says that a lost write was refused",
    law: /told truthfully/,
    fault: "replyLostShare",
    change: (good) => ({
      pushQuantities: (batch, key, context) =>
        good
          .pushQuantities(batch, key, context)
          .catch(() =>
            batch.map(({ ref }) => ({ ref, status: "refused", retry: "later", reason: "no answer" }) as const),
          ),
    }),
  },
  {
    what: "says that a refused write was accepted",
    law: /told truthfully/,
    fault: "throttleShare",
    change: (good) => ({
      pushQuantities: (batch, key, context) =>
        good
          .pushQuantities(batch, key, context)
          .catch(() => batch.map(({ ref }) => ({ ref, status: "accepted", receipt: null }) as const)),
    }),
  },
  {
    what: "writes a neighbour as well",
    law: /no other listing was written/,
    change: (good) => ({
      pushQuantities: async (batch, key, context) => {
        const neighbour = { ref: "push-with space", details: null, units: 1, expectedUnits: null };
        await good.pushQuantities([neighbour], key, context);
        return good.pushQuantities(batch, key, context);
      },
    }),
  },
  {
    what: "skips the first order of a page",
    law: /the order list tells every order/,
    change: (good) => ({
      pullOrders: async (cursor, context) => {
        const page = await good.pullOrders(cursor, context);
        return { ...page, items: page.items.slice(1) };
      },
    }),
  },
  {
    what: "has a watermark ahead of what it has seen",
    law: /the order list tells every order/,
    fault: "orderVisibilityMs",
    change: (good) => ({
      pullOrders: async (cursor, context) => ({ ...(await good.pullOrders(cursor, context)), watermark: later }),
    }),
  },
  {
    what: "invents an order that it does not know",
    law: /an unknown one is left out/,
    change: (good) => ({
      fetchOrders: async (refs, context) => {
        const known = await good.fetchOrders(refs, context);
        const [first] = known;
        const missing = refs.filter((ref) => !known.some(({ orderRef }) => orderRef === ref));
        return first === undefined ? known : [...known, ...missing.map((orderRef) => ({ ...first, orderRef }))];
      },
    }),
  },
  {
    what: "believes every message",
    law: /messages are authentic/,
    change: () => ({
      webhooks: {
        verify: async ({ body }) => {
          const text = Buffer.from(body).toString("utf8");
          const [, orderId = ""] = /"orderId":"(\w+)"/.exec(text) ?? [];
          return { kind: "delivery", delivery: { id: text, topic: "hint", payload: { orderId }, sourceAt: null } };
        },
      },
    }),
  },
  {
    what: "keeps the buyer's name",
    law: /nothing about a buyer/,
    change: (good) => ({
      pullOrders: async (cursor, context) => {
        const page = await good.pullOrders(cursor, context);
        const items = page.items.map((item) => ({ ...item, topic: `${item.topic} of Canary` }));
        return { ...page, items };
      },
    }),
  },
  {
    what: "calls a passing failure permanent",
    law: /told as passing/,
    fault: "serverErrorShare",
    change: (good) => ({
      pullOrders: (cursor, context) =>
        good.pullOrders(cursor, context).catch((error: Error) => {
          throw new ChannelError({ kind: "permanent", message: error.message });
        }),
    }),
  },
  {
    what: "does not hear that it was called off",
    law: /called off/,
    change: (good) => ({
      readQuantities: (listings, { accountId }) =>
        good.readQuantities(listings, { accountId, signal: new AbortController().signal }),
    }),
  },
  {
    what: "complains without a way to mend it",
    law: /comes with a fix/,
    change: () => ({ check: () => Promise.resolve([{ check: "credentials", ok: false, detail: "bad" }]) }),
  },
  {
    what: "cannot subscribe",
    law: /subscriptions are made/,
    change: () => ({ subscriptions: undefined as never }),
  },
];

test.each(broken)("a connector that $what is found out", async ({ law, fault = "none", change }) => {
  const good = openMarket(faults[fault], hastyClock, orderLagMs);
  const found = laws.find(({ name }) => law.test(name));
  if (found === undefined) throw new Error(`no law ${law.source}`);
  const connector: Connector = { ...good.connector, ...change(good.connector) };
  await expect(found.hold({ ...good, connector }, fault)).rejects.toThrow();
  await good.close();
});

test("every law finds somebody", () => {
  expect(laws.filter(({ name }) => !broken.some(({ law }) => law.test(name))).map(({ name }) => name)).toEqual([]);
});
