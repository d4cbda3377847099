import type { Connector } from "../../src/connectors/connector.ts";
import { LocationId, Sku } from "../../src/core/ids.ts";
import { seededRandom } from "../../src/core/random.ts";
import { Secret } from "../../src/core/secret.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import { auditAccount } from "../../src/jobs/audit-account.ts";
import { checkInvariants } from "../../src/jobs/check-invariants.ts";
import { confirmPushes } from "../../src/jobs/confirm-pushes.ts";
import type { AccountPlan, JobDeps, JobName } from "../../src/jobs/deps.ts";
import { ensureSubscriptions } from "../../src/jobs/ensure-subscriptions.ts";
import { expireReservations } from "../../src/jobs/expire-reservations.ts";
import { importListings } from "../../src/jobs/import-listings.ts";
import { ingest } from "../../src/jobs/ingest.ts";
import { pollOrders } from "../../src/jobs/poll-orders.ts";
import { publishEvents } from "../../src/jobs/publish-events.ts";
import { pushAccount } from "../../src/jobs/push-account.ts";
import { readChannelStock } from "../../src/jobs/read-channel-stock.ts";
import { sealLedger } from "../../src/jobs/seal-ledger.ts";
import { createLedger } from "../../src/ledger/ledger.ts";
import { signerOf } from "../../src/ledger/log/signing-key.ts";
import { post } from "../../src/ledger/post.ts";
import { upsertLocations } from "../../src/ledger/queries.ts";
import { showEverything } from "../../src/mapping/allocate.ts";
import { upsertAccounts } from "../../src/sync/accounts.ts";
import { keepDeliveries } from "../../src/sync/inbox.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { TestClock } from "./test-clock.ts";
import { ToyChannel } from "./toy-channel.ts";

export const accountId = "toy";

/** The real jobs on a real database with a toy channel; wake-ups are collected and run one after the other. */
export class JobBench {
  readonly clock = new TestClock();
  readonly channel = new ToyChannel(this.clock);
  readonly database: TestDatabase;
  readonly deps: JobDeps;
  /** Accounts beside the first, by id. Their jobs run only when asked for. */
  readonly others = new Map<string, ToyChannel>();
  /** Settings of an account that differ from the usual, by its id. */
  readonly settings = new Map<string, Partial<AccountPlan>>();
  readonly #woken = new Set<JobName>();
  #ids = 0;

  private constructor(database: TestDatabase, headFiles: readonly string[], connector: Connector | undefined) {
    this.database = database;
    const used = connector ?? this.channel.connector();
    const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    const guards = {
      maxZeroedCount: 1_000,
      maxZeroedPercent: 100,
      maxLoweredCount: 1_000,
      maxLoweredPercent: 100,
      maxRaisedCount: 1_000,
      maxRaisedPercent: 100,
    };
    this.deps = {
      db: database.db,
      ledger: createLedger({
        db: database.db,
        clock: this.clock,
        random: seededRandom(2),
        afterCommit: () => this.#woken.add("publish-events"),
      }),
      clock: this.clock,
      random: seededRandom(1),
      ids: () => `attempt-${(this.#ids += 1)}`,
      log: quiet,
      holder: "bench",
      connectorFor: (id) => (id === accountId ? used : this.others.get(id)?.connector()),
      planFor: (id) =>
        id === accountId || this.others.has(id)
          ? {
              accountId: id,
              locationId: "main",
              policy: showEverything,
              guards,
              quietMs: 4_000,
              ordersEveryMs: 60_000,
              ordersEveryMsMin: 0,
              listingsEveryMs: 60_000,
              ...this.settings.get(id),
            }
          : undefined,
      wake: (name) => this.#woken.add(name),
      signer: signerOf(new Secret("5".repeat(64))),
      headFiles,
      metrics: { deliveriesSettled: () => undefined, pushes: () => undefined, pushLag: () => undefined },
    };
  }

  static async open(
    database?: TestDatabase,
    headFiles: readonly string[] = [],
    connector?: Connector,
  ): Promise<JobBench> {
    const bench = new JobBench(database ?? (await createTestDatabase()), headFiles, connector);
    await upsertLocations(bench.database.db, [{ id: "main", name: "Main" }]);
    await upsertAccounts(bench.database.db, [{ id: accountId, channel: "shopify", mode: "live" }], bench.clock.iso());
    return bench;
  }

  /** The database's clock says what the bench's says. */
  async #tellTime(): Promise<void> {
    await this.database.setClock(this.clock.iso());
  }

  /** Another account, live, with nothing listed yet. */
  async addAccount(id: string): Promise<ToyChannel> {
    const channel = new ToyChannel(this.clock);
    this.others.set(id, channel);
    await upsertAccounts(this.database.db, [{ id, channel: "ebay", mode: "live" }], this.clock.iso());
    return channel;
  }

  async run(name: JobName, of = accountId): Promise<void> {
    await this.#tellTime();
    const signal = new AbortController().signal;
    const one = { payload: { accountId: of }, signal, drain: signal, progress: () => undefined };
    if (name === "ingest") await ingest.run(one, this.deps);
    if (name === "publish-events") await publishEvents.run({ ...one, payload: {} }, this.deps);
    if (name === "push-account") await pushAccount.run(one, this.deps);
    if (name === "confirm-pushes") await confirmPushes.run(one, this.deps);
    if (name === "poll-orders") await pollOrders.run(one, this.deps);
    if (name === "expire-reservations") await expireReservations.run({ ...one, payload: {} }, this.deps);
    if (name === "seal-ledger") await sealLedger.run({ ...one, payload: {} }, this.deps);
    if (name === "check-invariants") await checkInvariants.run({ ...one, payload: {} }, this.deps);
    if (name === "ensure-subscriptions") await ensureSubscriptions.run(one, this.deps);
    if (name === "read-channel-stock") await readChannelStock.run(one, this.deps);
    if (name === "audit-account") await auditAccount.run(one, this.deps);
    if (name === "import-listings") await importListings.run(one, this.deps);
  }

  /** Runs what was woken, and what that wakes, until nothing is; time passes a little with each run. */
  async settle(runsMax = 40): Promise<void> {
    for (let runs = 0; runs < runsMax; runs += 1) {
      const [next] = this.#woken;
      if (next === undefined) return;
      this.#woken.delete(next);
      this.clock.advance(150);
      await this.run(next);
    }
  }

  /** Units on the shelf and the same listing on the channel, imported and in step. */
  async stocked(sku: string, units: number, shown = units): Promise<void> {
    this.channel.shown.set(sku, shown);
    await this.receive(sku, units);
    await this.run("import-listings");
    await this.run("poll-orders");
    await this.settle();
  }

  async receive(sku: string, units: number): Promise<void> {
    await this.#tellTime();
    await inTransaction(this.database.db, (tx) =>
      post(tx, [
        {
          kind: "receive",
          key: `receive:${sku}:${this.clock.iso()}:${(this.#ids += 1)}`,
          sku: Sku.parse(sku),
          locationId: LocationId.parse("main"),
          units,
          reason: null,
          actor: "test",
          occurredAt: this.clock.iso(),
        },
      ]),
    );
    this.#woken.add("publish-events");
  }

  async deliver(delivery: Parameters<typeof keepDeliveries>[1]["deliveries"][number]["delivery"]): Promise<void> {
    await keepDeliveries(this.database.db, {
      accountId,
      door: "webhook",
      deliveries: [{ delivery }],
      now: this.clock.iso(),
    });
    this.#woken.add("ingest");
  }

  async rows<Row>(text: string): Promise<readonly Row[]> {
    return (await this.database.db.pool.query(text)).rows as Row[];
  }

  close(): Promise<void> {
    return this.database.drop();
  }
}
