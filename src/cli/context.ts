import { compose, type Role, type Runtime } from "../compose.ts";
import { complaintsText } from "../config/complaint.ts";
import { loadSettings } from "../config/load.ts";
import type { Settings } from "../config/settings.ts";
import { createLogger, type Log } from "../ops/logger.ts";

/** sysexits.h: the settings cannot be used. */
export const exitConfig = 78;

export type GlobalOptions = { readonly config?: string; readonly json?: boolean };

/** A command that ends the process with this code after saying why. */
export class ExitError extends Error {
  readonly code: number;
  readonly json: unknown;
  constructor(code: number, message: string, json?: unknown) {
    super(message);
    this.name = "ExitError";
    this.code = code;
    this.json = json;
  }
}

/** Reads the settings or ends with 78 and every complaint at once, before any socket is opened. */
export const settingsOf = (options: GlobalOptions): Settings => {
  const loaded = loadSettings(options.config === undefined ? {} : { configPath: options.config });
  if (!loaded.ok) {
    const { complaints, configPath } = loaded;
    throw new ExitError(exitConfig, complaintsText(complaints, configPath), { source: configPath ?? null, complaints });
  }
  for (const warning of loaded.warnings)
    process.stderr.write(`warning: ${warning.path}: ${warning.problem}; ${warning.fix}\n`);
  return loaded.settings;
};

/** stdout for results; a daemon's log lines go to stdout too, a command's to stderr and only from `warn` on. */
export const daemonLog = (settings: Settings, role: string): Log =>
  createLogger({ level: settings.logLevel, base: { role } });
export const commandLog = (): Log => createLogger({ level: "warn", write: (line) => process.stderr.write(line) });

export const say = (options: GlobalOptions, json: unknown, text: string): void => {
  process.stdout.write(options.json === true ? `${JSON.stringify(json)}\n` : `${text}\n`);
};

/** Runs a command beside whatever daemon is up: database and queue are joined, nothing is worked on. */
export const withRuntime = async <Result>(
  options: GlobalOptions,
  work: (runtime: Runtime, settings: Settings) => Promise<Result>,
): Promise<Result> => {
  const settings = settingsOf(options);
  const runtime = await compose(settings, { roles: new Set<Role>(), log: commandLog(), migrate: true });
  try {
    return await work(runtime, settings);
  } finally {
    await runtime.queues.settled();
    await runtime.stop();
  }
};

/** Aborts on the first SIGTERM or SIGINT; a second one ends the process at once. */
export const untilSignalled = (): AbortSignal => {
  const stopping = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(1);
      stopping.abort(new Error(`${name} received`));
    });
  }
  return stopping.signal;
};
