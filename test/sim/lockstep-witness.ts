import { findViolations } from "../../src/db/invariant.ts";
import type { Db } from "../../src/db/pool.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import { invariants } from "../../src/jobs/check-invariants.ts";
import type { Look, TakenWrite, TrueListing } from "./books.ts";
import type { Given } from "./policy.ts";
import type { Session } from "./sim-db.ts";

const subjectsMax = 5;
/** The log is not sealed here. */
const sealed = "movements-are-sealed-soon";

/** Holds Lockstep to what it promises, from outside: it looks into its tables and at what the channels saw of it. */
export class LockstepWitness {
  readonly #given: Given;
  readonly #session: Session;
  readonly #breaches = new Set<string>();

  constructor(given: Given, session: Session) {
    this.#given = given;
    this.#session = session;
    given.books.knownUntilMs = (accountId, listing, look) => this.#knownUntilMs(accountId, listing, look);
    given.books.onWrite = (write, moment) => this.#onWrite(write, moment);
  }

  /** Empty also while somebody's failed transaction waits for its end: then nobody can look. */
  #look(text: string, values: readonly unknown[] = []): readonly Record<string, unknown>[] {
    try {
      return this.#session.run(text, values).rows;
    } catch {
      return [];
    }
  }

  /**
   * The watermark, if it stood already when the listing was read; and a raise promises more: whatever was sold before the
   * present run of equal readings began.
   */
  #knownUntilMs(accountId: string, { ref }: TrueListing, look: Look): number {
    const [mark] = this.#look(
      "select watermark, polled_at from account_cursor where stream = 'orders' and account_id = $1",
      [accountId],
    );
    const [account] = this.#look("select state from account where id = $1", [accountId]);
    // Whoever's credentials are refused cannot be asked; people are alerted instead.
    if (account?.["state"] === "needs-attention") return Number.NEGATIVE_INFINITY;
    const stood = mark !== undefined && Date.parse(String(mark["polled_at"])) <= look.atMs;
    const known = stood ? Date.parse(String(mark["watermark"])) : Number.NEGATIVE_INFINITY;
    if (!look.isRaise) return known;
    const [last] = this.#look(
      "select o.units, o.observed_at from observation o join listing l on l.id = o.listing_id where l.ref = $1 order by o.id desc limit 1",
      [ref],
    );
    const isRun = last !== undefined && last["units"] === look.expectedUnits;
    const sinceMs = isRun ? Date.parse(String(last["observed_at"])) : Number.NEGATIVE_INFINITY;
    return Math.max(known, Math.min(sinceMs, look.atMs));
  }

  /** Whatever reaches a channel was written down before, and is not written off while it may still act. */
  #onWrite({ listing, attemptKey }: TakenWrite, moment: string): void {
    const rows = this.#look(
      "select p.state from push_attempt p join listing l on l.id = p.listing_id where p.attempt_key = $1 and l.ref = $2",
      [attemptKey, listing.ref],
    );
    const state = rows[0]?.["state"];
    if (state === undefined) this.#breaches.add(`record: a write to ${listing.ref} is on record nowhere`);
    if (state === "refused" || state === "lost")
      this.#breaches.add(`record: a write to ${listing.ref} ${moment} after it was recorded as ${state}`);
  }

  watch(): void {
    // No channel here refuses a write or a reading for good.
    for (const row of this.#look(
      "select listing_ref, blocked_reason from push_target where blocked_reason is not null",
    ))
      this.#breaches.add(`listing: ${String(row["listing_ref"])} was set aside: ${String(row["blocked_reason"])}`);
    this.#watchWatermarks();
  }

  /** A watermark promises that every order that changed before it is in the inbox. */
  #watchWatermarks(): void {
    const marks = this.#look(
      "select account_id, watermark from account_cursor where stream = 'orders' and watermark is not null",
    );
    if (marks.length === 0) return;
    const known = new Map(
      this.#look(
        "select account_id || ' ' || (payload->>'orderRef') as name, max(payload->>'updatedAt') as at from inbox where payload->>'orderRef' is not null group by 1",
      ).map((row) => [String(row["name"]), Date.parse(String(row["at"]))]),
    );
    for (const mark of marks) {
      const accountId = String(mark["account_id"]);
      const channel = this.#given.channels.get(accountId);
      if (channel === undefined) continue;
      for (const { orderRef, versions } of channel.orders.values()) {
        const due = versions.findLast(({ changedMs }) => changedMs < Date.parse(String(mark["watermark"])));
        if (due !== undefined && (known.get(`${accountId} ${orderRef}`) ?? 0) < due.updatedMs)
          this.#breaches.add(
            `watermark: ${accountId} says ${String(mark["watermark"])}, and ${orderRef} before it is not there`,
          );
      }
    }
  }

  isQuiet(): boolean {
    const { channels, books, world } = this.#given;
    const [row] = this.#session.run(
      `select (select count(*) from push_target where wanted_version > settled_version) as owed,
              (select count(*) from push_attempt where state in ('sent', 'accepted', 'unknown')) as open,
              (select count(*) from inbox where state = 'received') as unread,
              (select count(*) from outbox where state = 'waiting') as waiting,
              (select count(*) from reservation where state = 'held' and expires_at <= ledger_clock()) as overdue,
              (select count(*) from account where state <> 'live') as away,
              (select count(*) from push_target) as targets`,
      [],
    ).rows as [Record<"owed" | "open" | "unread" | "waiting" | "overdue" | "away" | "targets", number>];
    if (row.owed + row.open + row.unread + row.waiting + row.overdue + row.away > 0) return false;
    if (row.targets < books.listings.filter(({ linkedMs }) => linkedMs <= world.nowMs).length) return false;
    const marks = new Map(
      this.#session
        .run("select account_id, watermark from account_cursor where stream = 'orders'", [])
        .rows.map((mark) => [String(mark["account_id"]), Date.parse(String(mark["watermark"]))]),
    );
    return [...channels.values()].every(({ shape, lastChangeMs }) => (marks.get(shape.accountId) ?? 0) > lastChangeMs);
  }

  /** What must not be there in the end. */
  #leftovers(): readonly string[] {
    const { rows } = this.#session.run(
      `select 'account: ' || id || ' is ' || state || coalesce(': ' || state_reason, '') as what from account where state <> 'live'
       union all
       select 'inbox: ' || delivery_id || ' of ' || account_id || ' is ' || state || ': ' || reason
         from inbox where state in ('parked', 'dead') and topic <> 'garbled'
       union all
       select what from sim_breach`,
      [],
    );
    return rows.map((row) => String(row["what"]));
  }

  /** A write that took effect may not be on record as refused. */
  #misrecorded(): readonly string[] {
    const { rows } = this.#session.run(
      "select p.attempt_key || ' ' || l.ref as name from push_attempt p join listing l on l.id = p.listing_id where p.state = 'refused'",
      [],
    );
    const refused = new Set(rows.map((row) => row["name"]));
    return this.#given.books.effects
      .filter(({ attemptKey, listing }) => refused.has(`${attemptKey} ${listing.ref}`))
      .map(({ listing }) => `record: a write to ${listing.ref} took effect and is on record as refused`);
  }

  async breaches(db: Db): Promise<readonly string[]> {
    this.watch();
    const broken: string[] = [];
    for (const check of invariants.filter(({ name }) => name !== sealed)) {
      const { subjects } = await inTransaction(db, (tx) => findViolations(tx, check, subjectsMax));
      broken.push(...subjects.map((subject) => `invariant: ${check.name}: ${subject}`));
    }
    const { rows } = this.#session.run("select account_id || ' ' || delivery_id as id from inbox", []);
    const kept = new Set(rows.map((row) => row["id"]));
    const missing = this.#given.accepted
      .filter(({ accountId, deliveryId }) => !kept.has(`${accountId} ${deliveryId}`))
      .map(({ accountId, deliveryId }) => `inbox: ${accountId} ${deliveryId} was accepted and is not there`);
    return [...broken, ...missing, ...this.#leftovers(), ...this.#misrecorded(), ...this.#breaches];
  }
}
