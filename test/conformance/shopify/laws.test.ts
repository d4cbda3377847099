import { Kind, parse } from "graphql";
import { z } from "zod";
import { createBudget } from "../../../src/connectors/budget.ts";
import { createShopifyConnector, shopifyQuotas } from "../../../src/connectors/shopify/index.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { Secret } from "../../../src/core/secret.ts";
import { demoShopifyAccount as account } from "../../../src/simulators/shopify/account.ts";
import { startShopifySimulator } from "../../../src/simulators/shopify/start.ts";
import { faultsAt, quietLog, startAddress } from "../laws/control.ts";
import { holdLaws } from "../laws/hold-laws.ts";
import { watchOperations } from "../laws/operations.ts";
import { hastyClock, orderLagMs } from "../laws/subject.ts";

/** The root fields that a document asks for, as the schema calls them. */
watchOperations("shopify", ({ path, body }) => {
  if (!path.endsWith("/graphql.json")) return undefined;
  const { query } = z.object({ query: z.string() }).parse(JSON.parse(body));
  const roots = parse(query).definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? [definition] : [],
  );
  const names = roots.flatMap(({ operation, selectionSet }) =>
    selectionSet.selections.flatMap((field) => (field.kind === Kind.FIELD ? [`${operation}.${field.name.value}`] : [])),
  );
  return names.join(" ");
});

holdLaws({
  name: "shopify",
  // Its writes and reads are immediate.
  without: ["applyDelayMs", "acceptedNotAppliedShare", "staleReadMs"],
  async open(plan) {
    const address = await startAddress("none");
    const simulator = await startShopifySimulator({ faults: plan, seed: 11, speedUp: 100 });
    await simulator.channel.setWebhookTarget({ url: address.url });
    const context = { accountId: "shop", signal: new AbortController().signal };
    const quotas = { ...shopifyQuotas, graphql: { ratePerSecond: 10_000, burst: 2_000 } };
    const connector = createShopifyConnector(
      {
        id: context.accountId,
        channel: "shopify",
        shop: account.shopDomain,
        apiVersion: "2026-10",
        credentials: {
          accessToken: undefined,
          clientId: account.clientId,
          clientSecret: new Secret(account.clientSecret),
        },
        webhookSecrets: [],
        locationGid: undefined,
        webhooksAddress: "https://lockstep.example.com/webhooks/shopify/shop",
        endpoints: { api: simulator.url },
        quotas,
        orderLagMs,
        orderOverlapMs: 60_000,
        settleMs: undefined,
      },
      { clock: hastyClock, random: seededRandom(1), log: quietLog, budget: createBudget(quotas, hastyClock) },
    );
    return {
      connector,
      context,
      channel: simulator.channel,
      setFaults: faultsAt(simulator.url),
      received: () => address.requests,
      close: async () => {
        await simulator.close();
        await address.close();
      },
    };
  },
});
