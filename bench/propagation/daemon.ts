import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compose, type Runtime } from "../../src/compose.ts";
import { loadSettings } from "../../src/config/load.ts";
import { systemClock as clock, toIso } from "../../src/core/clock.ts";
import { LocationId, Sku } from "../../src/core/ids.ts";
import { launch } from "../../src/embedded/child.ts";
import { listens } from "../../src/embedded/converse.ts";
import { freePort } from "../../src/embedded/free-port.ts";
import { waitUntil } from "../../src/embedded/wait.ts";
import { createLogger } from "../../src/ops/logger.ts";
import type { BenchServers } from "../servers.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const mainPath = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export type Daemon = {
  /** Of the web role. */
  readonly origin: string;
  /** What a command has: database, ledger and queues to wake, no role of its own. */
  readonly runtime: Runtime;
  /** Books in what the ledger holds at the start. */
  receive(stock: ReadonlyMap<string, number>): Promise<void>;
  logTail(): string;
  stop(): Promise<void>;
};

/** Lockstep as in production: its own commands in processes of their own, told by a settings file and the environment. */
export const startDaemon = async (
  servers: BenchServers,
  given: {
    /** As in the settings file. */
    readonly accounts: readonly object[];
    readonly guards?: object;
    /** One process for each; `up` plays all roles. */
    readonly commands: readonly string[];
    readonly port?: number;
  },
): Promise<Daemon> => {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-bench-daemon-"));
  const port = given.port ?? (await freePort());
  const configPath = join(folder, "lockstep.json");
  const guards = given.guards ?? {};
  writeFileSync(configPath, JSON.stringify({ server: { port }, guards, accounts: given.accounts }));
  const env = {
    PATH: process.env["PATH"] ?? "",
    LOCKSTEP_DATA_DIR: folder,
    LOCKSTEP_SECRET_KEY: "5".repeat(64),
    DATABASE_URL: servers.postgresUrl,
    ...(servers.redisUrl !== undefined && { REDIS_URL: servers.redisUrl }),
    LOG_LEVEL: "warn",
  };
  const loaded = loadSettings({ configPath, env });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.complaints));
  const log = createLogger({ level: "error", write: (line) => process.stderr.write(line) });
  const runtime = await compose(loaded.settings, { roles: new Set(), log, migrate: false });
  const processes = given.commands.map((command, index) =>
    launch({
      name: command,
      command: { file: process.execPath, args: [mainPath, command, "--config", configPath], env },
      logPath: join(folder, `${command}-${index}.log`),
      stopSteps: [{ signal: "SIGTERM", waitMs: 30_000 }],
      log: quiet,
      clock,
    }),
  );
  const logTail = (): string => processes.map((one) => one.logTail()).join("\n");
  const stop = async (): Promise<void> => {
    for (const one of processes) await one.stop();
    await runtime.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  if (!(await waitUntil(() => listens(port), { clock, timeoutMs: 60_000, everyMs: 50 }))) {
    const tail = logTail();
    await stop();
    throw new Error(`the daemon does not start; its log ends:\n${tail}`);
  }
  const receive = async (stock: ReadonlyMap<string, number>): Promise<void> => {
    await Promise.all(
      [...stock].map(([sku, units]) =>
        runtime.ledger.submit({
          kind: "receive",
          key: `opening:${sku}`,
          sku: Sku.parse(sku),
          locationId: LocationId.parse("main"),
          units,
          reason: null,
          actor: "bench",
          occurredAt: toIso(clock.now()),
        }),
      ),
    );
  };
  return { origin: `http://127.0.0.1:${port}`, runtime, receive, logTail, stop };
};
