import type { Delivery } from "../../src/connectors/connector.ts";
import type { Random } from "../../src/core/random.ts";
import type { LedgerLine } from "../../src/demo/verdict.ts";
import type { AccountPlan } from "../../src/jobs/deps.ts";
import { mapListing } from "../../src/jobs/link-listings.ts";
import { checkLedger } from "../../src/ledger/check.ts";
import { upsertLocations } from "../../src/ledger/queries.ts";
import { showEverything } from "../../src/mapping/allocate.ts";
import { listingIdByName } from "../../src/mapping/listings.ts";
import { upsertAccounts } from "../../src/sync/accounts.ts";
import type { Look, TrueListing } from "./books.ts";
import { commandOf } from "./lockstep-command.ts";
import { launch, type Running } from "./lockstep-process.ts";
import type { Given, Policy, Request } from "./policy.ts";
import { openSimDb, Session } from "./sim-db.ts";
import { SimQueues } from "./sim-queue.ts";
import { Process } from "./world.ts";

const processesCount = 2;
const restartAfterMs = 3_000;
const guards = {
  maxZeroedCount: 1_000,
  maxZeroedPercent: 100,
  maxLoweredCount: 1_000_000,
  maxLoweredPercent: 100,
  maxRaisedCount: 1_000,
  maxRaisedPercent: 100,
};

/** Lockstep itself: the real jobs, queue logic, ledger and webhook doors, in processes that can die. */
export class LockstepPolicy implements Policy {
  readonly #given: Given;
  readonly #session: Session;
  readonly #queues: SimQueues;
  readonly #running: Running[] = [];
  readonly #plans: ReadonlyMap<string, AccountPlan>;
  readonly #draw: Random;
  #started = 0;

  constructor(given: Given) {
    this.#given = given;
    this.#session = new Session(given.world, given.engine, given.faults);
    this.#queues = new SimQueues(given.world, given.faults);
    this.#draw = given.world.random("doors");
    this.#session.misfortune = (process, kind) => this.#misfortune(process, kind);
    given.books.knownUntilMs = (accountId, listing, look) => this.#knownUntilMs(accountId, listing, look);
    const lagMsMax = Math.max(...[...given.channels.values()].map(({ shape }) => shape.orderLagMs));
    this.#plans = new Map(
      [...given.channels.keys()].map((accountId) => [
        accountId,
        {
          accountId,
          locationId: "main",
          policy: showEverything,
          guards,
          quietMs: 2_000 + 2 * lagMsMax,
          ordersEveryMs: given.pace.ordersMs,
          ordersEveryMsMin: 1_000,
          listingsEveryMs: 3_600_000,
        },
      ]),
    );
  }

  #launch(): void {
    this.#started += 1;
    const servers = { session: this.#session, queues: this.#queues };
    const started = { number: this.#started, planFor: (id: string) => this.#plans.get(id) };
    this.#running.push(launch(this.#given, servers, started));
  }

  async start(): Promise<void> {
    for (let count = 0; count < processesCount; count += 1) this.#launch();
    const { channels, world, books } = this.#given;
    const first = this.#running[0] as Running;
    await upsertLocations(first.db, [{ id: "main", name: "Main" }]);
    for (const sku of new Set(books.listings.map((listing) => listing.sku))) {
      await this.request({ kind: "receive", key: `stock:${sku}`, sku, units: books.left(sku) });
    }
    const accounts = [...channels.values()].map(({ shape }) => ({
      id: shape.accountId,
      channel: shape.channel,
      mode: "live" as const,
    }));
    await upsertAccounts(first.db, accounts, world.iso());
    for (const listing of books.listings.filter(({ unitsEach }) => unitsEach > 1)) {
      const { accountId, sku, unitsEach } = listing;
      let listingId: number | undefined;
      while (listingId === undefined) {
        await first.process.pause(500);
        listingId = await listingIdByName(first.db, accountId, listing.ref);
      }
      await mapListing(first.deps, { accountId, listingId, components: [{ sku, units: unitsEach }], actor: "sim" });
    }
    while (!this.isQuiet()) await first.process.pause(1_000);
  }

  #any(draw: number): Running | undefined {
    const able = this.#running.filter(({ process }) => process.isRunning);
    return able[Math.floor(draw * able.length)];
  }

  async deliver(accountId: string, delivery: Delivery): Promise<boolean> {
    const running = this.#any(this.#draw());
    const channel = this.#given.channels.get(accountId)?.shape.channel;
    if (running === undefined || channel === undefined) return false;
    const body = JSON.stringify(delivery);
    const answer = await running.doors.request(`/webhooks/${channel}/${accountId}`, { method: "POST", body });
    return answer.status === 200;
  }

  async request(request: Request): Promise<boolean> {
    const { world } = this.#given;
    const running = this.#any(this.#draw());
    if (running === undefined) throw new Error("nobody answers");
    const answer = await running.deps.ledger.submit(commandOf(request, world.iso(world.startedMs)));
    return answer.status === "done";
  }

  /**
   * The watermark, if it stood already when the listing was read; and a raise promises more: whatever was sold before the
   * present run of equal readings began.
   */
  #knownUntilMs(accountId: string, { ref }: TrueListing, look: Look): number {
    const [mark] = this.#session.run(
      "select watermark, polled_at from account_cursor where stream = 'orders' and account_id = $1",
      [accountId],
    ).rows;
    const stood = mark !== undefined && Date.parse(String(mark["polled_at"])) <= look.atMs;
    const known = stood ? Date.parse(String(mark["watermark"])) : Number.NEGATIVE_INFINITY;
    if (!look.isRaise) return known;
    const [target] = this.#session.run(
      "select shown_since from push_target join listing on id = listing_id where ref = $1 and shown_units = $2",
      [ref, look.expectedUnits],
    ).rows;
    const since = target === undefined ? Number.NEGATIVE_INFINITY : Date.parse(String(target["shown_since"]));
    return Math.max(known, Math.min(since, look.atMs));
  }

  #misfortune(process: Process, kind: "kill" | "freeze"): void {
    const running = this.#running.find((one) => one.process === process);
    if (running === undefined || !process.isRunning) return;
    if (kind === "kill") this.#kill(running);
    else this.#freeze(running, 3_000 + this.#draw() * 100_000);
  }

  kill(draw: number): boolean {
    const running = this.#any(draw);
    return running !== undefined && this.#kill(running);
  }

  #kill(running: Running): boolean {
    const { process } = running;
    const worked = this.#queues.activeOn(process) > 0;
    process.isAlive = false;
    this.#session.cutOff(process);
    this.#running.splice(this.#running.indexOf(running), 1);
    this.#given.world.note(`killed ${process.name}`);
    this.#given.world.after(restartAfterMs, () => this.#launch());
    return worked;
  }

  freeze(draw: number, forMs: number): boolean {
    const running = this.#any(draw);
    return running !== undefined && this.#freeze(running, forMs);
  }

  #freeze({ process }: Running, forMs: number): boolean {
    const { world } = this.#given;
    const worked = this.#queues.activeOn(process) > 0;
    process.frozenUntilMs = world.nowMs + forMs;
    this.#session.cutOff(process);
    world.note(`frozen ${process.name} for ${Math.round(forMs)}`);
    return worked;
  }

  emptyQueue(): boolean {
    return this.#queues.empty() > 0;
  }

  queueAway(untilMs: number): boolean {
    this.#queues.goAway(untilMs);
    return true;
  }

  isQuiet(): boolean {
    const { channels, world } = this.#given;
    // Whoever is still frozen may have something left to send.
    if (this.#running.length < processesCount || !this.#running.every(({ process }) => process.isRunning)) return false;
    const [row] = this.#session.run(
      `select (select count(*) from push_target where wanted_version > settled_version) as owed,
              (select count(*) from push_attempt where state in ('sent', 'accepted', 'unknown')) as open,
              (select count(*) from inbox where state = 'received') as unread,
              (select count(*) from outbox where state = 'waiting') as waiting,
              (select count(*) from push_target) as targets`,
      [],
    ).rows as [Record<"owed" | "open" | "unread" | "waiting" | "targets", number>];
    if (row.owed + row.open + row.unread + row.waiting > 0) return false;
    if (row.targets < this.#given.books.listings.length) return false;
    const marks = new Map(
      this.#session
        .run("select account_id, watermark from account_cursor where stream = 'orders'", [])
        .rows.map((mark) => [String(mark["account_id"]), Date.parse(String(mark["watermark"]))]),
    );
    world.note("looked for quiet");
    return [...channels.values()].every(({ shape, lastChangeMs }) => (marks.get(shape.accountId) ?? 0) > lastChangeMs);
  }

  orderLines(accountId: string): readonly LedgerLine[] {
    return this.#session.run(
      `select order_ref as "orderRef", line_ref as "lineRef", sku, hold_units as "holdUnits", left_units as "leftUnits",
              back_units as "backUnits" from order_line where account_id = $1`,
      [accountId],
    ).rows as unknown as readonly LedgerLine[];
  }

  available(): ReadonlyMap<string, number> {
    const { rows } = this.#session.run("select sku, on_hand - reserved as available from stock_level", []);
    return new Map(rows.map((row) => [String(row["sku"]), Number(row["available"])]));
  }

  async breaches(): Promise<readonly string[]> {
    const { world, accepted } = this.#given;
    const checks = await checkLedger(openSimDb(this.#session, new Process(world, "auditor")));
    const { rows } = this.#session.run("select account_id || ' ' || delivery_id as id from inbox", []);
    const kept = new Set(rows.map((row) => row["id"]));
    return [
      ...checks.flatMap(({ name, subjects }) => subjects.map((subject) => `ledger: ${name}: ${subject}`)),
      ...accepted
        .filter(({ accountId, deliveryId }) => !kept.has(`${accountId} ${deliveryId}`))
        .map(({ accountId, deliveryId }) => `inbox: ${accountId} ${deliveryId} was accepted and is not there`),
    ];
  }
}
