import { createBudget } from "../../../src/connectors/budget.ts";
import { createEbayConnector, ebayQuotas } from "../../../src/connectors/ebay/index.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { Secret } from "../../../src/core/secret.ts";
import { loadEbayContracts } from "../../../src/simulators/ebay/contracts.ts";
import { demoEbayCredentials as demo } from "../../../src/simulators/ebay/credentials.ts";
import { startEbaySimulator } from "../../../src/simulators/ebay/start.ts";
import { faultPlans } from "../../../src/simulators/kit/faults.ts";
import { faultsAt, quietLog, startAddress } from "../laws/control.ts";
import { holdLaws } from "../laws/hold-laws.ts";
import { watchOperations } from "../laws/operations.ts";
import { hastyClock, orderLagMs } from "../laws/subject.ts";

const verificationToken = "laws-verification-token-0123456789abcdef";
const fast = Object.fromEntries(
  Object.keys(ebayQuotas).map((name) => [name, { ratePerSecond: 10_000, burst: 10_000 }]),
);

const contracts = Object.values(loadEbayContracts());
watchOperations("ebay", ({ method, path, headers }) => {
  if (path.endsWith("/ws/api.dll")) return `Trading ${headers.get("x-ebay-api-call-name")}`;
  return contracts.map((contract) => contract.match(method, path)?.operationId).find((name) => name !== undefined);
});

holdLaws({
  name: "ebay",
  without: [],
  async open(plan) {
    const address = await startAddress(verificationToken);
    const simulator = await startEbaySimulator({ faults: faultPlans.none, seed: 11, secondOfferShare: 0.5 });
    await simulator.channel.setWebhookTarget({ url: address.url, verificationToken });
    await faultsAt(simulator.url)(plan);
    const context = { accountId: "ebay-us", signal: new AbortController().signal };
    const connector = createEbayConnector(
      {
        id: context.accountId,
        channel: "ebay",
        marketplaceId: "EBAY_US",
        locale: "en-US",
        credentials: {
          clientId: demo.clientId,
          clientSecret: new Secret(demo.clientSecret),
          refreshToken: new Secret(demo.refreshToken),
        },
        sellerUserId: demo.sellerUserId,
        webhooks: {
          verificationToken: new Secret(verificationToken),
          endpoint: address.url,
          alertEmail: "stock@example.com",
        },
        pushBatchMax: 25,
        legacyListings: true,
        endpoints: { api: simulator.url, auth: simulator.url },
        quotas: fast,
        orderLagMs,
        orderOverlapMs: 60_000,
        settleMs: undefined,
      },
      { clock: hastyClock, random: seededRandom(1), log: quietLog, budget: createBudget(fast, hastyClock) },
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
