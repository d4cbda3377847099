import type { Channel } from "../connectors/connector.ts";

/** An order line as the channel's own books have it, in listing units (one unit = one unit of the SKU here). */
export type WitnessLine = {
  readonly orderId: string;
  readonly lineId: string;
  readonly sku: string;
  readonly orderedUnits: number;
  readonly cancelledUnits: number;
  readonly shippedUnits: number;
  readonly restockedUnits: number;
};
export type LedgerLine = {
  readonly orderRef: string;
  readonly lineRef: string;
  readonly sku: string;
  readonly holdUnits: number;
  readonly leftUnits: number;
  readonly backUnits: number;
};
export type ChannelBooks = {
  readonly channel: Channel;
  readonly witness: readonly WitnessLine[];
  readonly ledger: readonly LedgerLine[];
  readonly shown: ReadonlyMap<string, number>;
};

export type UnitVerdict = {
  readonly lost: number;
  readonly invented: number;
  readonly doubled: number;
  /** The lines behind the numbers, for people. */
  readonly lines: readonly string[];
};

const takenByWitness = (line: WitnessLine): number => line.orderedUnits - line.cancelledUnits - line.restockedUnits;
const takenByLedger = (line: LedgerLine): number => line.holdUnits + line.leftUnits - line.backUnits;

/**
 * Compares each order line of a channel's books with ours: units the channel sold and we do not know are lost, units we
 * hold for a line the channel has not are invented, units we count beyond the channel's are doubled.
 */
export const compareLines = (books: ChannelBooks): UnitVerdict => {
  const key = (orderId: string, lineId: string, sku: string): string => JSON.stringify([orderId, lineId, sku]);
  const ours = new Map(books.ledger.map((line) => [key(line.orderRef, line.lineRef, line.sku), line]));
  let lost = 0;
  let doubled = 0;
  const lines: string[] = [];
  for (const line of books.witness) {
    const id = key(line.orderId, line.lineId, line.sku);
    const known = ours.get(id);
    ours.delete(id);
    const difference = takenByWitness(line) - (known === undefined ? 0 : takenByLedger(known));
    if (difference > 0) lost += difference;
    else doubled -= difference;
    if (difference !== 0)
      lines.push(`${books.channel} ${JSON.stringify(line)} against ours ${JSON.stringify(known ?? null)}`);
  }
  const invented = [...ours.values()].reduce((sum, line) => sum + takenByLedger(line), 0);
  for (const line of ours.values())
    if (takenByLedger(line) !== 0) lines.push(`${books.channel} has no ${JSON.stringify(line)}`);
  return { lost, invented, doubled, lines };
};

/** Listings of a channel that do not show what they should. */
export const differingListings = (books: ChannelBooks, wanted: ReadonlyMap<string, number>): readonly string[] =>
  [...wanted]
    .filter(([sku, units]) => books.shown.get(sku) !== units)
    .map(([sku, units]) => `${books.channel} ${sku}: shows ${books.shown.get(sku) ?? "nothing"}, should show ${units}`);

/** Something that changed what could be bought of a SKU, at a moment. */
export type StockEvent =
  | {
      readonly kind: "sale";
      readonly atMs: number;
      /** From then on the channel's order list told of it; a message may have come sooner, or been lost. */
      readonly toldAtMs: number;
      readonly channel: Channel;
      readonly sku: string;
      readonly units: number;
    }
  | {
      readonly kind: "cancel";
      readonly atMs: number;
      readonly channel: Channel;
      readonly sku: string;
      readonly units: number;
    }
  | {
      readonly kind: "write";
      readonly atMs: number;
      readonly channel: Channel;
      readonly sku: string;
      readonly unitsBefore: number;
      readonly unitsAfter: number;
      /** When the channel took it, and what it showed then. */
      readonly acceptedMs: number;
      readonly unitsWhenAccepted: number;
    };

export type OversellVerdict = {
  readonly oversold: number;
  readonly oversoldByUs: number;
  readonly raisesPastTruth: number;
};

type Write = Extract<StockEvent, { kind: "write" }>;
type Sale = Extract<StockEvent, { kind: "sale" }>;

/**
 * From the moment a channel could tell of a sale to the moment it takes a write in which that sale is counted: the question,
 * the ledger, the call. A reading older than this starts no write on a channel that cannot compare.
 */
export const turnaroundMs = 1_000;

/** Shopify sets a quantity only if the expected one still stands: what it sold itself a moment before cannot be overwritten. */
const comparesAndSets = ({ channel }: Sale): boolean => channel === "shopify";

/**
 * A sale counts three times: when the units went, when the listing's own number and when its channel's order list could
 * have made it known to whoever wrote. So does a write: when it was taken, and when it showed.
 */
const inTime = (events: readonly StockEvent[]) =>
  events
    .flatMap((event) => [
      { atMs: event.atMs, event, moment: "happens" as const },
      ...(event.kind === "write" ? [{ atMs: event.acceptedMs, event, moment: "accepted" as const }] : []),
      ...(event.kind === "sale"
        ? [
            { atMs: event.atMs + (comparesAndSets(event) ? 0 : turnaroundMs), event, moment: "shown" as const },
            { atMs: event.toldAtMs + turnaroundMs, event, moment: "told" as const },
          ]
        : []),
    ])
    .toSorted((a, b) => a.atMs - b.atMs || (a.moment === "accepted" ? -1 : 0) - (b.moment === "accepted" ? -1 : 0));

/**
 * Who oversold: a unit sold beyond the shelf is ours when the listing offered it only because one of our writes, when the
 * channel took it, raised the listing past what was left after every sale that could be known by then: those that the
 * channels' order lists had told of a turnaround before, and the listing's own, which show in its number. The others were
 * sold on two channels at once before anybody could know, or while a channel was still busy applying: counted too, but apart.
 */
export const judgeOversells = (stock: ReadonlyMap<string, number>, events: readonly StockEvent[]): OversellVerdict => {
  const left = new Map(stock);
  /** The same by the sales that order lists made known, and by listing what its own number did. */
  const known = new Map(stock);
  const knownHere = new Map<string, number>();
  const counted = new Set<Sale>();
  const inflated = new Map<string, number>();
  const taken = new Map<Write, number>();
  const verdict = { oversold: 0, oversoldByUs: 0, raisesPastTruth: 0 };
  const add = (to: Map<string, number>, key: string, units: number): void => {
    to.set(key, (to.get(key) ?? 0) + units);
  };
  for (const { event, moment } of inTime(events)) {
    const truth = left.get(event.sku) ?? 0;
    const listing = `${event.channel} ${event.sku}`;
    if (event.kind === "cancel") {
      add(left, event.sku, event.units);
      add(known, event.sku, event.units);
    } else if (event.kind === "write") {
      if (moment === "accepted") {
        const knowable = (known.get(event.sku) ?? 0) - (knownHere.get(listing) ?? 0);
        const past = Math.max(0, event.unitsAfter - Math.max(0, knowable));
        const byUs = Math.min(past, Math.max(0, event.unitsAfter - event.unitsWhenAccepted));
        taken.set(event, byUs);
        if (byUs > 0) verdict.raisesPastTruth += 1;
      } else {
        const past = Math.max(0, event.unitsAfter - Math.max(0, truth));
        inflated.set(listing, Math.min(past, taken.get(event) ?? 0));
      }
    } else if (moment === "shown") {
      // What the order list told first is in `known` already.
      if (!counted.has(event)) add(knownHere, listing, event.units);
      counted.add(event);
    } else if (moment === "told") {
      if (counted.has(event)) add(knownHere, listing, -event.units);
      counted.add(event);
      add(known, event.sku, -event.units);
    } else {
      add(left, event.sku, -event.units);
      const ours = inflated.get(listing) ?? 0;
      const beyond = Math.min(event.units, Math.max(0, event.units - Math.max(0, truth)));
      const byUs = Math.min(beyond, ours);
      verdict.oversold += beyond;
      verdict.oversoldByUs += byUs;
      inflated.set(listing, ours - byUs);
    }
  }
  return verdict;
};

/** The value below which `share` of the sorted values lie (nearest rank); null without values. */
export const percentile = (values: readonly number[], share: number): number | null => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
};

/**
 * Sale to shown, per receiving channel: from each sale to the first write of that SKU that another channel applied at or
 * after it. Sales that needed no write there (both sold out, or sold on both) have none.
 */
export const lagsMs = (events: readonly StockEvent[], receiving: Channel): readonly number[] => {
  const writes = Map.groupBy(
    events.filter((event) => event.kind === "write" && event.channel === receiving).toSorted((a, b) => a.atMs - b.atMs),
    (event) => event.sku,
  );
  return events.flatMap((event) => {
    if (event.kind !== "sale" || event.channel === receiving) return [];
    const next = writes.get(event.sku)?.find((write) => write.atMs >= event.atMs);
    return next === undefined ? [] : [next.atMs - event.atMs];
  });
};
