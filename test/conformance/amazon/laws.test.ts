import { amazonQuotas, createAmazonConnector } from "../../../src/connectors/amazon/index.ts";
import { createBudget } from "../../../src/connectors/budget.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { Secret } from "../../../src/core/secret.ts";
import { demoAmazonAccount as account } from "../../../src/simulators/amazon/account.ts";
import { loadAmazonContracts } from "../../../src/simulators/amazon/contracts.ts";
import { startAmazonSimulator } from "../../../src/simulators/amazon/start.ts";
import { faultsAt, quietLog } from "../laws/control.ts";
import { holdLaws } from "../laws/hold-laws.ts";
import { watchOperations } from "../laws/operations.ts";
import { hastyClock, orderLagMs } from "../laws/subject.ts";

const fast = Object.fromEntries(
  Object.keys(amazonQuotas).map((name) => [name, { ratePerSecond: 10_000, burst: 10_000 }]),
);

const contracts = loadAmazonContracts();
watchOperations("amazon", ({ method, path }) => {
  for (const { contract, nameOf } of contracts) {
    const match = contract.match(method, path);
    if (match !== undefined) return nameOf(match.operationId);
  }
  return undefined;
});

holdLaws({
  name: "amazon",
  without: [],
  async open(plan) {
    const simulator = await startAmazonSimulator({ faults: plan, seed: 11, speedUp: 1_000, workMs: [100, 200] });
    const context = { accountId: "amazon-us", signal: new AbortController().signal };
    const connector = createAmazonConnector(
      {
        id: context.accountId,
        channel: "amazon",
        region: "na",
        sellerId: account.sellerId,
        marketplaceIds: [account.marketplaceId],
        credentials: {
          clientId: account.clientId,
          clientSecret: new Secret(account.clientSecret),
          refreshToken: new Secret(account.refreshToken),
        },
        notifications: {
          queueUrl: simulator.queueUrl,
          region: account.awsRegion,
          accessKeyId: account.awsAccessKeyId,
          secretAccessKey: new Secret(account.awsSecretAccessKey),
        },
        endpoints: { api: simulator.url, auth: simulator.url, sqs: simulator.sqsUrl },
        quotas: fast,
        orderLagMs,
        orderOverlapMs: 60_000,
        settleMs: undefined,
      },
      { clock: hastyClock, random: seededRandom(1), log: quietLog, budget: createBudget(fast, hastyClock) },
    );
    const { channel, close } = simulator;
    return { connector, context, channel, setFaults: faultsAt(simulator.url), received: () => [], close };
  },
});
