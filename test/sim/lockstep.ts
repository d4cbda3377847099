import type { Delivery } from "../../src/connectors/connector.ts";
import type { Random } from "../../src/core/random.ts";
import type { LedgerLine } from "../../src/demo/verdict.ts";
import { defaultAuditPlan } from "../../src/jobs/audit-plan.ts";
import type { AccountPlan } from "../../src/jobs/deps.ts";
import { mapListing } from "../../src/jobs/link-listings.ts";
import { endHold, putHold } from "../../src/jobs/put-hold.ts";
import { upsertLocations } from "../../src/ledger/queries.ts";
import { showEverything } from "../../src/mapping/allocate.ts";
import { listingIdByName } from "../../src/mapping/listings.ts";
import { setAccountState, upsertAccounts } from "../../src/sync/accounts.ts";
import { holdOfRequest } from "../../src/sync/holds.ts";
import { commandOf, type LedgerRequest } from "./lockstep-command.ts";
import { launch, type Running } from "./lockstep-process.ts";
import { LockstepWitness } from "./lockstep-witness.ts";
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
  readonly #witness: LockstepWitness;
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
    this.#witness = new LockstepWitness(given, this.#session);
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
          audit: { ...defaultAuditPlan, everyMs: given.pace.auditMs ?? defaultAuditPlan.everyMs },
        },
      ]),
    );
  }

  #launch(): void {
    this.#started += 1;
    const servers = { session: this.#session, queues: this.#queues };
    const started = { number: this.#started, planFor: (id: string) => this.#plans.get(id) };
    const running = launch(this.#given, servers, started);
    running.process.befall = (kind) => this.#misfortune(running.process, kind);
    this.#running.push(running);
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
    for (const { accountId, ref, sku, unitsEach, linkedMs } of books.listings) {
      if (unitsEach === 1 || linkedMs > world.nowMs) continue;
      const link = { kind: "link", key: ref, accountId, ref, sku, units: unitsEach } as const;
      while (!(await this.#person(first, link))) await first.process.pause(500);
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
    if (request.kind === "link" || request.kind === "brake" || request.kind === "let-go") {
      if (await this.#person(running, request)) return true;
      throw new Error("not yet");
    }
    const answer = await running.deps.ledger.submit(commandOf(request, world.iso(world.startedMs)));
    return answer.status === "done";
  }

  /** What a person does at the console or the command line. False: it cannot be done yet. */
  async #person({ deps }: Running, request: Exclude<Request, LedgerRequest>): Promise<boolean> {
    if (request.kind === "link") {
      const { accountId, ref, sku, units } = request;
      const listingId = await listingIdByName(deps.db, accountId, ref);
      if (listingId === undefined) return false;
      await mapListing(deps, { accountId, listingId, components: [{ sku, units }], actor: "sim" });
      return true;
    }
    if (request.brake === "pause") {
      const state = request.kind === "brake" ? "paused" : "live";
      const now = this.#given.world.iso();
      await setAccountState(deps.db, { accountId: request.on, state, reason: "a person's wish", now });
      return true;
    }
    if (request.kind === "brake") {
      const { brake: kind, on: sku, key: requestKey } = request;
      const target = { scope: "sku", sku } as const;
      const put = await putHold(deps, { kind, target, reason: "a look", actor: "sim", expiresAt: null, requestKey });
      if (put.status === "refused") throw new Error(put.detail);
      return true;
    }
    const hold = await holdOfRequest(deps.db, request.id);
    if (hold !== undefined) await endHold(deps, { id: hold.id, actor: "sim" });
    return true;
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
    // Whoever is still frozen may have something left to send.
    if (this.#running.length < processesCount || !this.#running.every(({ process }) => process.isRunning)) return false;
    this.#given.world.note("looked for quiet");
    return this.#witness.isQuiet();
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

  watch(): void {
    this.#witness.watch();
  }

  breaches(): Promise<readonly string[]> {
    return this.#witness.breaches(openSimDb(this.#session, new Process(this.#given.world, "auditor")));
  }
}
