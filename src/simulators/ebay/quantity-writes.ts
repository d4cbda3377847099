import { z } from "zod";
import type { Random } from "../../core/random.ts";
import type { FaultSource } from "../kit/faults.ts";
import type { Timers } from "../kit/timers.ts";
import {
  type Answer,
  type EbayError,
  entityNotFound,
  inventoryBusinessError,
  inventoryError,
  offerNotAvailable,
} from "./answers.ts";
import { channelDay } from "./daily-window.ts";
import type { QuantityChange } from "./entries.ts";
import { buyableUnits, type Listing, type Offer } from "./listings.ts";
import type { Store } from "./store.ts";

const Requests = z.object({
  requests: z.array(
    z.object({
      sku: z.string(),
      shipToLocationAvailability: z.object({ quantity: z.number().optional() }).optional(),
      offers: z.array(z.object({ offerId: z.string(), availableQuantity: z.number().optional() })).optional(),
    }),
  ),
});
type RequestRow = z.infer<typeof Requests>["requests"][number];
type ResponseRow = {
  readonly statusCode: number;
  readonly sku: string;
  readonly offerId?: string;
  readonly errors?: readonly EbayError[];
};

/**
 * `bulkUpdatePriceQuantity` (channel document §5.1). Each request row is taken or refused on its own; a taken one shows
 * after the plan's delay, in the sequence of taking per SKU, or never (a fault). Prices are taken and ignored.
 */
export class QuantityWrites {
  readonly #store: Store;
  readonly #timers: Timers;
  readonly #faults: FaultSource;
  readonly #random: Random;
  readonly #revisionsPerDayMax: number;
  readonly #speedUp: number;
  readonly #waiting = new Map<string, { change: QuantityChange; acceptedMs: number; unitsWhenAccepted: number }[]>();
  pending = 0;

  constructor(options: {
    readonly store: Store;
    readonly timers: Timers;
    readonly faults: FaultSource;
    readonly random: Random;
    readonly revisionsPerDayMax: number;
    readonly speedUp: number;
  }) {
    this.#store = options.store;
    this.#timers = options.timers;
    this.#faults = options.faults;
    this.#random = options.random;
    this.#revisionsPerDayMax = options.revisionsPerDayMax;
    this.#speedUp = options.speedUp;
  }

  update(body: unknown): Answer {
    const rows = Requests.parse(body).requests.flatMap((request) => this.#take(request));
    // The channel promises no sequence: a reader must match by SKU and offer.
    const responses = rows
      .map((row) => ({ row, at: this.#random() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ row }) => row);
    return { status: rows.every(({ statusCode }) => statusCode === 200) ? 200 : 207, body: { responses } };
  }

  #take(request: RequestRow): readonly ResponseRow[] {
    const { sku } = request;
    const listing = this.#store.world.inventoryItem(sku);
    if (listing === undefined) return [{ statusCode: 404, sku, errors: [entityNotFound] }];
    const asked = request.offers ?? [];
    const itemUnits = request.shipToLocationAvailability?.quantity;
    const judged = asked.map(({ offerId, availableQuantity }) => ({
      offerId,
      units: availableQuantity,
      refusal: this.#judgeOffer(listing, offerId, asked),
    }));
    const itemRefusal = itemUnits === undefined ? undefined : this.#judgeItem(listing);
    const offers = judged.flatMap(({ offerId, units, refusal }) =>
      refusal === undefined && units !== undefined ? [{ offerId, units }] : [],
    );
    const change: QuantityChange = {
      sku,
      offers,
      ...(itemUnits === undefined || itemRefusal !== undefined ? {} : { itemUnits }),
    };
    if (change.itemUnits !== undefined || offers.length > 0) this.#accept(change, listing);
    const answers = judged.map(({ offerId, refusal }) => ({ sku, offerId, ...outcome(refusal) }));
    // The item's own row comes when there is no offer's, when it failed, and otherwise now and then.
    const ownRow =
      answers.length === 0 || itemRefusal !== undefined || (itemUnits !== undefined && this.#random() < 0.5);
    return ownRow ? [{ sku, ...outcome(itemRefusal) }, ...answers] : answers;
  }

  /** ReviseInventoryStatus of one listing that Trading made: taken (undefined), or why not. */
  revise(listing: Listing, units: number): EbayError | undefined {
    const refusal = this.#judgeItem(listing);
    if (refusal === undefined) {
      const offers = listing.offers.map(({ offerId }) => ({ offerId, units }));
      this.#accept({ sku: listing.sku, itemUnits: units, offers }, listing);
    }
    return refusal;
  }

  #judgeItem(listing: Listing): EbayError | undefined {
    return listing.offers.map((offer) => this.#revisable(listing, offer)).find((refusal) => refusal !== undefined);
  }

  #judgeOffer(
    listing: Listing,
    offerId: string,
    asked: readonly { readonly offerId: string }[],
  ): EbayError | undefined {
    const offer = listing.offers.find((candidate) => candidate.offerId === offerId);
    if (offer === undefined) return offerNotAvailable(offerId);
    if (asked.filter((other) => other.offerId === offerId).length > 1) {
      return inventoryError(25002, "A user error has occurred.", `offer ${offerId} is named twice`);
    }
    if (listing.state === "unpublished") {
      return inventoryError(25002, "A user error has occurred.", `offer ${offerId} is not published`);
    }
    return this.#revisable(listing, offer);
  }

  #revisable(listing: Listing, { revisions, listingId }: Offer): EbayError | undefined {
    if (listing.state === "ended")
      return inventoryBusinessError(25019, "Cannot revise the listing.", `${listingId} has ended`);
    if (listing.state === "onHold")
      return inventoryBusinessError(25097, "This listing is on hold and cannot be revised.");
    const today = channelDay(this.#store.now(), this.#speedUp);
    if (revisions.day === today && revisions.count >= this.#revisionsPerDayMax) {
      const detail = `${listingId} was revised ${revisions.count} times today`;
      return inventoryBusinessError(25019, "Cannot revise the listing.", detail);
    }
    return undefined;
  }

  #accept(change: QuantityChange, listing: Listing): void {
    const { sku } = change;
    // The item's quantity revises every listing that shows it, an offer's only its own; both together once.
    const revised = change.itemUnits === undefined ? change.offers : listing.offers;
    const day = channelDay(this.#store.now(), this.#speedUp);
    const offerIds = revised.map(({ offerId }) => offerId);
    this.#store.commit({ kind: "accepted", atMs: this.#store.now(), sku, offerIds, day });
    if (this.#faults.happens("acceptedNotAppliedShare")) return;
    const waiting = this.#waiting.get(sku) ?? [];
    waiting.push({ change, acceptedMs: this.#store.now(), unitsWhenAccepted: buyableUnits(listing) });
    this.#waiting.set(sku, waiting);
    this.pending += 1;
    this.#timers.after(this.#faults.delayMs("applyDelayMs"), () => this.#applyOldest(sku));
  }

  /** Whichever timer rings, the oldest waiting write of the SKU is next: none overtakes another. */
  #applyOldest(sku: string): void {
    const waiting = this.#waiting.get(sku) ?? [];
    const next = waiting.shift();
    if (waiting.length === 0) this.#waiting.delete(sku);
    if (next === undefined) return;
    this.pending -= 1;
    this.#store.commit({ kind: "applied", atMs: this.#store.now(), ...next });
  }
}

const outcome = (refusal: EbayError | undefined): Pick<ResponseRow, "statusCode" | "errors"> => {
  if (refusal === undefined) return { statusCode: 200 };
  return { statusCode: refusal.errorId === 25713 ? 404 : 400, errors: [refusal] };
};
