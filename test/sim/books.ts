import type { World } from "./world.ts";

/** A listing as its channel truly has it. */
export type TrueListing = {
  readonly accountId: string;
  readonly ref: string;
  readonly sku: string;
  /** Units of the SKU that one unit of the listing takes. */
  readonly unitsEach: number;
  shown: number;
  /** What it showed from when on, newest last. */
  readonly history: { readonly atMs: number; readonly units: number }[];
  /** Units that one of our writes put on sale beyond what there was. */
  inflated: number;
  /** From when on the tool was told what it sells; what was sold before nobody could know. */
  linkedMs: number;
};

/** A write that a channel took: under which attempt it came. */
export type TakenWrite = { readonly listing: TrueListing; readonly attemptKey: string };

/** Something that took from or added to what may be sold of a SKU. */
export type StockEvent = {
  readonly atMs: number;
  readonly sku: string;
  /** Units of the SKU, > 0 taken. */
  readonly units: number;
  /** The account that sold it; undefined: our own doors. */
  readonly accountId: string | undefined;
  /** Where; undefined: at our own doors. */
  readonly listing: TrueListing | undefined;
};

/** How old the look may be from which a number was computed; what was sold since cannot be in it. */
const lookMsMax = 45_000;
/** Our own doors are told a little after it happened. */
const ownDoorMs = 60_000;

/** What is true, whatever anybody believes: units on the shelf, promised and sold. The outside witness. */
/** What a write was decided on: the reading, as of when, and whether the channel compares it before it sets. */
export type Look = {
  readonly atMs: number;
  readonly expectedUnits: number | null;
  readonly isRaise: boolean;
  readonly compares: boolean;
};

export class Books {
  readonly listings: TrueListing[] = [];
  readonly events: StockEvent[] = [];
  readonly #left = new Map<string, number>();
  readonly #world: World;
  readonly #lookedMs = new Map<TrueListing, number>();
  soldUnits = 0;
  orders = 0;
  oversoldUnits = 0;
  oversoldByUsUnits = 0;
  writes = 0;
  raisesPastTruth = 0;
  raisedPastTruthUnits = 0;
  /** Of these: nothing that could not have been known explains them. */
  blamedRaises: string[] = [];
  /** Writes that changed what a listing shows. */
  readonly effects: TakenWrite[] = [];
  /** Told of each write when it arrives at a channel, and when the channel acts on it. */
  onWrite: (write: TakenWrite, moment: "arrived" | "took effect") => void = () => undefined;
  /** Up to when another account's orders had to be known to whoever decided on a write. */
  knownUntilMs: (accountId: string, listing: TrueListing, look: Look) => number = () => Number.POSITIVE_INFINITY;
  /** Listing hours that showed more, and less, than there was. */
  overHours = 0;
  underHours = 0;
  /** The part of the latter in which nothing at all was on sale: what may cost a sale. */
  emptyHours = 0;

  constructor(world: World) {
    this.#world = world;
  }

  left(sku: string): number {
    return this.#left.get(sku) ?? 0;
  }

  /** What the listing could truthfully show. */
  sellable(listing: TrueListing): number {
    return Math.max(0, Math.floor(this.left(listing.sku) / listing.unitsEach));
  }

  change(sku: string, takenUnits: number, listing?: TrueListing): void {
    this.settleHours(sku);
    this.#left.set(sku, this.left(sku) - takenUnits);
    this.events.push({ atMs: this.#world.nowMs, sku, units: takenUnits, accountId: listing?.accountId, listing });
  }

  /** A buyer took listing units on a channel. */
  sell(listing: TrueListing, units: number): void {
    const taken = units * listing.unitsEach;
    const beyond = Math.min(taken, Math.max(0, taken - Math.max(0, this.left(listing.sku))));
    const byUs = Math.min(beyond, listing.inflated * listing.unitsEach);
    this.soldUnits += taken;
    this.oversoldUnits += beyond;
    this.oversoldByUsUnits += byUs;
    listing.inflated = Math.max(0, listing.inflated - Math.ceil(byUs / listing.unitsEach));
    this.change(listing.sku, taken, listing);
    this.show(listing, listing.shown - units);
  }

  show(listing: TrueListing, units: number): void {
    this.settleHours(listing.sku);
    listing.shown = units;
    listing.history.push({ atMs: this.#world.nowMs, units });
  }

  shownAt(listing: TrueListing, atMs: number): number {
    return listing.history.findLast((one) => one.atMs <= atMs)?.units ?? listing.shown;
  }

  /**
   * The channel takes our number: by how much it puts on sale what is not there. Blamed is what no sale explains that
   * was made after the look (on the same channel, unless that compares first) or whose order nobody could know yet.
   */
  judgeWrite(listing: TrueListing, units: number, look: Look): number {
    this.writes += 1;
    const past = Math.max(0, units - this.sellable(listing));
    const byUs = Math.min(past, Math.max(0, units - listing.shown));
    if (byUs === 0) return 0;
    this.raisesPastTruth += 1;
    this.raisedPastTruthUnits += byUs * listing.unitsEach;
    const readMs = Math.max(look.atMs, this.#world.nowMs - lookMsMax);
    let unknowable = 0;
    for (const event of this.events) {
      if (event.sku !== listing.sku || event.units <= 0) continue;
      const knownMs = this.#knownMs(listing, event, { ...look, atMs: readMs });
      if (event.atMs > knownMs) unknowable += event.units;
    }
    if (units > Math.floor((this.left(listing.sku) + unknowable) / listing.unitsEach)) {
      const seconds = ((this.#world.nowMs - look.atMs) / 1000).toFixed(1);
      this.blamedRaises.push(
        `${listing.ref} ${listing.shown}→${units}, truly ${this.left(listing.sku)} left, ${unknowable} could not be known, look ${seconds} s old`,
      );
      this.#world.note(`blamed raise ${this.blamedRaises.at(-1)}`);
    }
    return byUs;
  }

  #knownMs(listing: TrueListing, event: StockEvent, look: Look): number {
    if (event.accountId === undefined) return look.atMs - ownDoorMs;
    if (look.atMs <= (event.listing?.linkedMs ?? 0)) return Number.NEGATIVE_INFINITY;
    if (event.accountId !== listing.accountId) return this.knownUntilMs(event.accountId, listing, look);
    return look.compares ? Number.POSITIVE_INFINITY : look.atMs;
  }

  /** Adds up the time since the last look at the SKU's listings. */
  settleHours(sku?: string): void {
    for (const listing of this.listings) {
      if (sku !== undefined && listing.sku !== sku) continue;
      const hours = (this.#world.nowMs - (this.#lookedMs.get(listing) ?? this.#world.nowMs)) / 3_600_000;
      this.#lookedMs.set(listing, this.#world.nowMs);
      const truth = this.sellable(listing);
      if (listing.shown > truth) this.overHours += hours;
      else if (listing.shown < truth) this.underHours += hours;
      if (truth > 0 && listing.shown <= 0) this.emptyHours += hours;
    }
  }
}
