import { join } from "node:path";
import { demoAmazonAccount } from "../simulators/amazon/account.ts";
import { startAmazonSimulator } from "../simulators/amazon/start.ts";
import { demoEbayCredentials } from "../simulators/ebay/credentials.ts";
import { startEbaySimulator } from "../simulators/ebay/start.ts";
import type { FaultPlan } from "../simulators/kit/faults.ts";
import { demoShopifyAccount } from "../simulators/shopify/account.ts";
import { startShopifySimulator } from "../simulators/shopify/start.ts";

/** What opens the simulated accounts. */
export const simulatorCredentials = {
  amazon: demoAmazonAccount,
  ebay: demoEbayCredentials,
  shopify: demoShopifyAccount,
};

export type SimulatorsOptions = {
  readonly channels: readonly ("amazon" | "ebay" | "shopify")[];
  readonly seed: number;
  readonly faults: FaultPlan;
  readonly speedUp: number;
  /** Where each keeps its journal; null = a restart begins empty. */
  readonly journalDir: string | null;
  /** 0 = free ones; else this port and those after it. */
  readonly port: number;
};

/** Starts the named channels; their addresses by channel. */
export const startSimulators = async (options: SimulatorsOptions) => {
  const started: { channel: string; urls: Readonly<Record<string, string>>; close(): Promise<void> }[] = [];
  let next = options.port;
  const port = (): number => (next === 0 ? 0 : next++);
  for (const channel of options.channels) {
    const shared = {
      port: port(),
      seed: options.seed,
      faults: options.faults,
      speedUp: options.speedUp,
      journalPath: options.journalDir === null ? null : join(options.journalDir, `${channel}.jsonl`),
    };
    if (channel === "amazon") {
      const { url, sqsUrl, queueUrl, close } = await startAmazonSimulator({ ...shared, sqsPort: port() });
      started.push({ channel, urls: { url, sqsUrl, queueUrl }, close });
    } else if (channel === "ebay") {
      const { url, close } = await startEbaySimulator(shared);
      started.push({ channel, urls: { url }, close });
    } else {
      const { url, close } = await startShopifySimulator(shared);
      started.push({ channel, urls: { url }, close });
    }
  }
  return {
    urls: Object.fromEntries(started.map(({ channel, urls }) => [channel, urls])),
    close: async (): Promise<void> => {
      for (const { close } of started) await close();
    },
  };
};
