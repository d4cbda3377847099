import { createConnectors } from "../../src/compose/connectors.ts";
import { createBudget } from "../../src/connectors/budget.ts";
import { type CallNote, createCallLog } from "../../src/connectors/call-log.ts";
import { createCircuits } from "../../src/connectors/circuits.ts";
import type { CallContext, Connector } from "../../src/connectors/connector.ts";
import type { Log } from "../../src/connectors/deps.ts";
import type { AccountSettings } from "../../src/connectors/settings.ts";
import { systemClock } from "../../src/core/clock.ts";
import { seededRandom } from "../../src/core/random.ts";

const quiet: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** An account's connector as the composition root makes it, with budgets of this process alone. */
export const openConnector = (
  account: AccountSettings,
  log: Log = quiet,
  keep: (note: CallNote) => void = () => undefined,
): { readonly connector: Connector; readonly context: CallContext } => {
  const connector = createConnectors([account], {
    clock: systemClock,
    random: seededRandom(1),
    log,
    makeBudget: (_key, quotas, capped) => createBudget(quotas, systemClock, capped),
    circuits: createCircuits({ clock: systemClock, log }),
    callLog: createCallLog({ clock: systemClock, log, keep }),
  }).get(account.id);
  if (connector === undefined) throw new Error("no connector");
  return { connector, context: { accountId: account.id, signal: new AbortController().signal } };
};
