import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Channel, channels } from "../../src/connectors/connector.ts";
import { verificationToken } from "../../src/demo/accounts.ts";
import { type ControlClient, controlClient } from "../../src/demo/control-client.ts";
import { startSimulatorsChild } from "../../src/demo/simulators-child.ts";
import { freePort } from "../../src/embedded/free-port.ts";
import { startServers } from "../servers.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { onInterrupt } from "./interrupt.ts";
import { untilLinked, untilQuiet } from "./quiet.ts";
import { accountIds, simAccounts } from "./sim-accounts.ts";

export type SimWorld = {
  readonly daemon: Daemon;
  readonly controls: Readonly<Record<Channel, ControlClient>>;
  readonly redisUrl: string;
  /** What the channels show now, each by its own books. */
  shown(): Promise<Readonly<Record<string, ReadonlyMap<string, number>>>>;
  stop(): Promise<void>;
};

/** The three simulated channels in a process of their own, the daemon in another, the same stock everywhere, at rest. */
export const openSimWorld = async (given: {
  readonly stock: ReadonlyMap<string, number>;
  readonly on: readonly Channel[];
  readonly speedUp: number;
  readonly commands: readonly string[];
  readonly readyMsMax: number;
}): Promise<SimWorld> => {
  const { stock, on, speedUp, commands, readyMsMax } = given;
  const folder = mkdtempSync(join(tmpdir(), "lockstep-bench-channels-"));
  const servers = await startServers();
  const simulators = await startSimulatorsChild({ journalDir: folder, seed: 1, faults: "none", speedUp });
  let daemon: Daemon | undefined;
  const stop = async (): Promise<void> => {
    forget();
    await daemon?.stop();
    await simulators.stop();
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const forget = onInterrupt(stop);
  try {
    if (servers.redisUrl === undefined) throw new Error(`no Redis: ${servers.redis}`);
    const { amazon, ebay, shopify } = simulators.urls;
    const controls = {
      amazon: controlClient(amazon.url),
      ebay: controlClient(ebay.url),
      shopify: controlClient(shopify.url),
    };
    const listings = [...stock].map(([sku, units]) => ({ sku, title: sku, units }));
    for (const channel of on) await controls[channel].seed(listings);
    const port = await freePort();
    const accounts = simAccounts(simulators.urls, speedUp, `http://127.0.0.1:${port}`);
    daemon = await startDaemon(servers, {
      accounts: on.map((channel) => accounts[channel]),
      guards: { max_lowered_percent: 100, max_zeroed_percent: 100, max_raised_percent: 100 },
      commands,
      port,
    });
    await daemon.receive(stock);
    await untilLinked(daemon, on.length * stock.size, readyMsMax);
    const { origin } = daemon;
    if (on.includes("ebay"))
      await controls.ebay.webhookTarget({ url: `${origin}/webhooks/ebay/${accountIds.ebay}`, verificationToken });
    if (on.includes("shopify"))
      await controls.shopify.webhookTarget({ url: `${origin}/webhooks/shopify/${accountIds.shopify}` });
    await untilQuiet(daemon, readyMsMax);
    // As autovacuum does within a minute: without statistics Postgres plans by guess.
    await daemon.runtime.db.pool.query("analyze");
    const shown = async () => {
      const truths = await Promise.all(on.map((channel) => controls[channel].truth()));
      return Object.fromEntries(
        truths.map((truth) => [truth.channel, new Map(truth.listings.map(({ sku, units }) => [sku, units]))]),
      );
    };
    return { daemon, controls, redisUrl: servers.redisUrl, shown, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

export const everyChannel = channels;
