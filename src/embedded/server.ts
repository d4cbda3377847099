import type { Clock } from "../core/clock.ts";

/** The narrow logger of this folder: an event with fields, a constant message. pino satisfies it. */
export interface ServerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export type ServerRequest = {
  /** Folder of everything that the embedded servers keep; made when it is not there. */
  readonly dataDir: string;
  readonly log: ServerLog;
  readonly clock?: Clock;
};

export type EmbeddedServer = {
  /** With the password; reachable from this machine only. */
  readonly url: string;
  /** For a person: what runs, where, on which data. Holds no secret. */
  readonly describe: string;
  /** Stops the server in order and returns when it is gone. Does nothing where another process started it. */
  stop(): Promise<void>;
};
