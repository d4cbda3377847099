import { toIso } from "../core/clock.ts";
import { daysLeft, expiryLabel } from "../jobs/expiry.ts";
import { readResults } from "../ledger/invariant-results.ts";
import { readTreeSize } from "../ledger/log/log-rows.ts";
import { openRewind } from "../ledger/log/rewind.ts";
import { unsealedCount } from "../ledger/log/seal.ts";
import { outboxWaiting } from "../ledger/outbox.ts";
import { oversoldUnits } from "../ledger/oversells.ts";
import { accountStates, listAccounts } from "../sync/accounts.ts";
import { listFindings } from "../sync/findings.ts";
import { type OwedWork, owedWork } from "../sync/owed-work.ts";
import { driftCounts } from "../sync/read-drifts.ts";
import type { WebParts } from "./web.ts";

/** What is owed, as gauges asked for at each scrape. */
export const registerWorkGauges = ({
  db,
  clock,
  metrics,
  queues,
}: Pick<WebParts, "db" | "clock" | "metrics"> & { readonly queues: Pick<WebParts["queues"], "counts"> }): void => {
  const perAccount = (read: (row: OwedWork) => number) => async () =>
    (await owedWork(db, toIso(clock.now()))).map((row) => ({ labels: { account: row.accountId }, value: read(row) }));
  const labelNames = ["account"];
  metrics.registerGauges([
    {
      name: "lockstep_owed_listings",
      help: "Listings that owe a push.",
      labelNames,
      read: perAccount((row) => row.owedTargets),
    },
    {
      name: "lockstep_open_pushes",
      help: "Pushes not read back yet.",
      labelNames,
      read: perAccount((row) => row.openAttempts),
    },
    {
      name: "lockstep_open_deliveries",
      help: "Deliveries not applied yet.",
      labelNames,
      read: perAccount((row) => row.openDeliveries),
    },
    {
      name: "lockstep_parked_deliveries",
      help: "Deliveries that wait for a listing to be linked.",
      labelNames,
      read: perAccount((row) => row.parked),
    },
    { name: "lockstep_dead_deliveries", help: "Dead letters.", labelNames, read: perAccount((row) => row.dead) },
    {
      name: "lockstep_blocked_listings",
      help: "Listings that a person must look at.",
      labelNames,
      read: perAccount((row) => row.blocked),
    },
    {
      name: "lockstep_oldest_owed_seconds",
      help: "Age of the longest owed push.",
      labelNames,
      read: perAccount((row) => (row.oldestOwedMs ?? 0) / 1000),
    },
    {
      name: "lockstep_account_state",
      help: "1 for the state that the account is in, 0 for the others.",
      labelNames: ["account", "state"],
      read: async () =>
        (await listAccounts(db)).flatMap(({ id, state: now }) =>
          accountStates.map((state) => ({ labels: { account: id, state }, value: state === now ? 1 : 0 })),
        ),
    },
    {
      name: "lockstep_expiry_days",
      help: "Days left until something of the account ends: a token, a secret, an API version. As of the last look.",
      labelNames: ["account", "what"],
      read: async () =>
        (await listFindings(db)).flatMap(({ accountId, name, expiresAt }) =>
          expiresAt === null
            ? []
            : [{ labels: { account: accountId, what: expiryLabel(name) }, value: daysLeft(expiresAt, clock.now()) }],
        ),
    },
    {
      name: "lockstep_account_findings",
      help: "What is wrong with the account, as of the last look.",
      labelNames,
      read: async () => {
        const wrong = Map.groupBy(await listFindings(db), ({ accountId }) => accountId);
        return [...wrong].map(([account, found]) => ({
          labels: { account },
          value: found.filter(({ ok }) => !ok).length,
        }));
      },
    },
    {
      name: "lockstep_outbox_waiting",
      help: "Stock changes not yet carried to listings.",
      read: async () => [{ value: await outboxWaiting(db) }],
    },
    {
      name: "lockstep_log_movements",
      help: "Movements in the ledger's log.",
      read: async () => [{ value: await readTreeSize(db) }],
    },
    {
      name: "lockstep_log_unsealed_movements",
      help: "Movements committed and not in the log yet, counted up to 100000.",
      read: async () => [{ value: await unsealedCount(db, 100_000) }],
    },
    {
      name: "lockstep_log_rewound",
      help: "1 while the database was found rewound and nobody accepted it: pushes are frozen.",
      read: async () => [{ value: (await openRewind(db)) === undefined ? 0 : 1 }],
    },
    {
      name: "lockstep_invariant_violations",
      help: "What broke each invariant when it was last checked to its end; left out while it cannot be.",
      labelNames: ["check"],
      read: async () =>
        (await readResults(db)).flatMap(({ name, violations }) =>
          violations === null ? [] : [{ labels: { check: name }, value: violations }],
        ),
    },
    {
      name: "lockstep_invariant_age_seconds",
      help: "How long ago each invariant was last checked to its end.",
      labelNames: ["check"],
      read: async () =>
        (await readResults(db)).flatMap(({ name, completedAtMs }) =>
          completedAtMs === null ? [] : [{ labels: { check: name }, value: (clock.now() - completedAtMs) / 1000 }],
        ),
    },
    {
      name: "lockstep_drifts",
      help: "Drifts, by account, cause and state; cause none = not judged yet.",
      labelNames: ["account", "cause", "state"],
      read: async () =>
        (await driftCounts(db)).map(({ accountId, cause, state, count }) => ({
          labels: { account: accountId, cause, state },
          value: count,
        })),
    },
    {
      name: "lockstep_oversold_units",
      help: "Units sold that were not there, since the beginning, by account; none = no order did it.",
      labelNames,
      read: async () =>
        (await oversoldUnits(db)).map(({ accountId, units }) => ({ labels: { account: accountId }, value: units })),
    },
    {
      name: "lockstep_queue_jobs",
      help: "Jobs in the queue, by queue and state.",
      labelNames: ["queue", "state"],
      read: async () =>
        Object.entries(await queues.counts()).flatMap(([queue, states]) =>
          Object.entries(states).map(([state, value]) => ({ labels: { queue, state }, value })),
        ),
    },
  ]);
};
