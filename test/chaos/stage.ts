import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Channel } from "../../src/connectors/connector.ts";
import { type Db, openDb } from "../../src/db/pool.ts";
import { type ControlClient, controlClient } from "../../src/demo/control-client.ts";
import { speedUp } from "../../src/demo/options.ts";
import { startSimulatorsChild } from "../../src/demo/simulators-child.ts";
import { freePort } from "../../src/embedded/free-port.ts";
import { runCommand } from "../support/command-line.ts";
import { type Daemon, type OwnEnd, openDaemon } from "./daemons.ts";
import { type Proxy, startProxy } from "./proxy.ts";
import { openPostgres, openRedis, postgresUrl, redisUrl, type StrikableServer } from "./servers.ts";
import { settingsFile } from "./settings.ts";

export const linkNames = ["postgres", "redis", "amazon", "sqs", "ebay", "shopify", "web"] as const;
export type LinkName = (typeof linkNames)[number];

/** Everything that a run needs, each thing a process of its own, and each link between them a proxy. */
export type Stage = {
  readonly folder: string;
  readonly postgres: StrikableServer;
  readonly redis: StrikableServer;
  readonly links: Readonly<Record<LinkName, Proxy>>;
  readonly daemons: { readonly web: Daemon; readonly workers: readonly Daemon[]; readonly scheduler: Daemon };
  readonly controls: Readonly<Record<Channel, ControlClient>>;
  /** Of our own, past the proxies. */
  readonly db: Db;
  /** The web role's address, as channels and callers know it. */
  readonly webUrl: string;
  readonly apiKey: string;
  /** Roles that ended by themselves after they had been up. */
  readonly ownEnds: readonly OwnEnd[];
  /** A command of the product beside the daemon, past the proxies; its answer as JSON. Errors: it ended with another code than 0 or 1. */
  command(...words: readonly string[]): Promise<unknown>;
  /** `keepFolder`: for a look at the logs. */
  close(keepFolder: boolean): Promise<void>;
};

export type StageRequest = { readonly seed: number; readonly toolsDir: string; readonly say: (line: string) => void };

const portOf = (url: string): number => Number(new URL(url).port);
const appRole = "lockstep_app";

export const openStage = async ({ seed, toolsDir, say }: StageRequest): Promise<Stage> => {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-chaos-"));
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (keepFolder: boolean): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer().catch(() => undefined);
    if (!keepFolder) rmSync(folder, { recursive: true, force: true });
  };
  try {
    const redis = await openRedis(folder, toolsDir);
    closers.push(() => redis.down("SIGTERM"));
    const postgres = await openPostgres(folder);
    closers.push(() => postgres.down("SIGINT"));
    const simulators = await startSimulatorsChild({
      journalDir: join(folder, "channels"),
      seed,
      faults: "none",
      speedUp,
    });
    closers.push(() => simulators.stop());
    say(`${postgres.version}, ${redis.version}, three simulated channels are up; logs in ${folder}`);

    const webPort = await freePort();
    const { amazon, ebay, shopify } = simulators.urls;
    const behind: Readonly<Record<LinkName, number>> = {
      postgres: postgres.port,
      redis: redis.port,
      amazon: portOf(amazon.url),
      sqs: portOf(amazon.sqsUrl),
      ebay: portOf(ebay.url),
      shopify: portOf(shopify.url),
      web: webPort,
    };
    const opened: [string, Proxy][] = [];
    for (const name of linkNames) opened.push([name, await startProxy(behind[name])]);
    const links = Object.fromEntries(opened) as Record<LinkName, Proxy>;
    closers.push(() => Promise.all(linkNames.map((name) => links[name].close())));
    const url = (name: LinkName): string => `http://127.0.0.1:${links[name].port}`;
    const webUrl = url("web");

    const config = join(folder, "lockstep.json");
    const addresses = {
      web: webUrl,
      amazon: url("amazon"),
      sqs: url("sqs"),
      ebay: url("ebay"),
      shopify: url("shopify"),
    };
    writeFileSync(config, JSON.stringify(settingsFile({ ...addresses, queueUrl: amazon.queueUrl })));
    const dataDir = join(folder, "data");
    mkdirSync(dataDir);
    const shared = {
      PATH: process.env["PATH"] ?? "",
      LOCKSTEP_CONFIG: config,
      LOCKSTEP_DATA_DIR: dataDir,
      LOCKSTEP_SECRET_KEY: "5".repeat(64),
    };
    const past = { ...shared, DATABASE_URL: postgres.url, REDIS_URL: redisUrl(redis.password, redis.port) };
    const env = {
      ...shared,
      DATABASE_URL: postgresUrl(postgres.password, links.postgres.port),
      DATABASE_APP_ROLE: appRole,
      REDIS_URL: redisUrl(redis.password, links.redis.port),
      PORT: String(webPort),
    };
    const command = async (...words: readonly string[]): Promise<unknown> => {
      const { code, out, err } = await runCommand([...words, "--json"], past);
      if (code !== 0 && code !== 1) throw new Error(`lockstep ${words.join(" ")} ended with ${code}: ${err}`);
      return JSON.parse(out) as unknown;
    };
    await command("migrate", "--app-role", appRole);
    const scopes = ["inventory:read", "inventory:write"];
    const key = z
      .looseObject({ text: z.string() })
      .parse(await command("api-key", "create", "chaos", "--scope", ...scopes));

    const ownEnds: OwnEnd[] = [];
    const onOwnEnd = (end: OwnEnd): void => {
      ownEnds.push(end);
      say(`! ${end.name} ended by itself (code ${end.code}, signal ${end.signal})`);
    };
    const daemon = (name: string, role: "web" | "worker" | "scheduler"): Daemon => {
      const made = openDaemon({ name, role, env, logDir: folder, onOwnEnd });
      closers.push(() => made.stop());
      return made;
    };
    const daemons = {
      scheduler: daemon("scheduler", "scheduler"),
      workers: [daemon("worker-1", "worker"), daemon("worker-2", "worker")],
      web: daemon("web", "web"),
    };
    const db = openDb({
      url: postgres.url,
      connectionsMax: 6,
      applicationName: "chaos",
      onIdleError: () => undefined,
    });
    closers.push(() => db.close());
    const controls = {
      amazon: controlClient(amazon.url),
      ebay: controlClient(ebay.url),
      shopify: controlClient(shopify.url),
    };
    return { folder, postgres, redis, links, daemons, controls, db, webUrl, apiKey: key.text, ownEnds, command, close };
  } catch (error) {
    await close(true);
    throw error;
  }
};
