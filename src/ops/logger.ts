import pino from "pino";
import { redact } from "./redact.ts";

/** A log line is an event with fields under a constant message that can be searched for. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

export type LoggerOptions = {
  readonly level: LogLevel;
  /** Put on every line: the process's role, its version. */
  readonly base?: Readonly<Record<string, string>>;
  /** Where lines go; stdout unless a test listens. */
  readonly write?: (line: string) => void;
};

/**
 * JSON lines on stdout, one event a line. Secrets, credentials and personal fields are censored at any depth before
 * serialising, so a careless call site cannot leak what it was handed.
 */
export const createLogger = (options: LoggerOptions): Log => {
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: options.base ?? {},
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label) => ({ level: label }),
      log: (fields) => redact(fields) as Record<string, unknown>,
    },
    // Ours has already turned errors into plain fields; pino's own would copy every property of them.
    serializers: { err: (fields: unknown) => fields },
  };
  return options.write === undefined ? pino(settings) : pino(settings, { write: options.write });
};
