import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { Budget } from "./budget.ts";
import type { CallLog } from "./call-log.ts";

/** The narrow logger a connector needs: an event with fields, a constant message. pino satisfies it. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What compose.ts hands to every connector. */
export type ConnectorDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Made per account from the connector's default quotas and the account's `quotas` setting. */
  readonly budget: Budget;
  /** Notes each request; absent: nobody keeps them. */
  readonly calls?: CallLog | undefined;
};
