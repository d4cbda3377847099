import { randomBytes, randomUUID } from "node:crypto";
import type { Hono } from "hono";
import { createApiKey, type Scope } from "../../../src/access/api-keys.ts";
import type { User } from "../../../src/access/users.ts";
import { createWebApp } from "../../../src/api/app.ts";
import type { WebDeps } from "../../../src/api/web-deps.ts";
import { systemClock, toIso } from "../../../src/core/clock.ts";
import { systemRandom } from "../../../src/core/random.ts";
import { Secret } from "../../../src/core/secret.ts";
import { execute, sql } from "../../../src/db/sql.ts";
import { createSupport } from "../../../src/jobs/support.ts";
import { createLedger } from "../../../src/ledger/ledger.ts";
import { upsertLocations } from "../../../src/ledger/queries.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import type { WebEnv } from "../../../src/ops/web-env.ts";
import { keepDeliveries } from "../../../src/sync/inbox.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

export const users: readonly User[] = [
  { name: "olga", password: new Secret("operator's password"), role: "operator" },
  { name: "sam", password: new Secret("support's password"), role: "support" },
];

export type Web = {
  readonly app: Hono<WebEnv>;
  readonly deps: WebDeps;
  readonly database: TestDatabase;
  readonly woken: string[];
  /** A key with these scopes, as its text. */
  keyWith(...scopes: readonly Scope[]): Promise<string>;
};

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** The whole web app over a real database and the real ledger; only the channel and the queues come from the test. */
export const startWeb = async (
  overridesFor: (database: TestDatabase) => Promise<Partial<WebDeps>> = async () => ({}),
): Promise<Web> => {
  const database = await createTestDatabase();
  const overrides = await overridesFor(database);
  const { db } = database;
  await upsertLocations(db, [
    { id: "main", name: "Main" },
    { id: "shop", name: "Shop" },
  ]);
  await execute(
    db,
    sql`insert into account (id, channel, state, state_since, created_at) values ('shop-de', 'shopify', 'live', now(), now())`,
  );
  const woken: string[] = [];
  const clock = systemClock;
  const deps: WebDeps = {
    db,
    clock,
    ledger: createLedger({ db, clock, random: systemRandom, afterCommit: () => undefined }),
    log: quiet,
    ids: randomUUID,
    settings: { webhookBodyBytes: 1024 * 1024, apiBodyBytes: 256 * 1024, users, secretKey: new Secret("5".repeat(64)) },
    connectorFor: () => undefined,
    keepDeliveries: (accountId, door, deliveries) =>
      keepDeliveries(db, { accountId, door, deliveries, now: toIso(clock.now()) }),
    wakeIngest: (accountId) => woken.push(`ingest ${accountId}`),
    wakeOutbox: () => woken.push("outbox"),
    plans: {
      rulesOf: (id) => (id === "shop-de" ? { locationId: "main", policyVersion: "p1" } : undefined),
      wake: (id) => woken.push(`plans ${id}`),
    },
    support: createSupport({
      db,
      clock,
      planFor: () => undefined,
      connectorFor: () => undefined,
      wake: (name, payload) => woken.push(`${name} ${JSON.stringify(payload)}`),
    }),
    boardQueues: () => [],
    accountsView: async () => ({ accounts: [], queues: [] }),
    health: async () => ({ ok: true, checks: [{ name: "database", ok: true, detail: "" }] }),
    metrics: createMetrics(),
    ...overrides,
  };
  return {
    app: createWebApp(deps),
    deps,
    database,
    woken,
    keyWith: async (...scopes) =>
      (await createApiKey({ db, clock, random: randomBytes }, { name: `test ${scopes.length}`, scopes, actor: "test" }))
        .text,
  };
};
