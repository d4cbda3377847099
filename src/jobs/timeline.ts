import { toIso } from "../core/clock.ts";
import type { MovementRow } from "../ledger/queries.ts";
import { linesOfOrder, movementsOfLines, movementsOfSkus, ordersOfSkus } from "../ledger/timeline-movements.ts";
import { linksOf } from "../mapping/links.ts";
import { listingIdByName, listingIdsOfSkus } from "../mapping/listings.ts";
import type { HoldRow } from "../sync/holds.ts";
import {
  accountsToldOf,
  deliveriesOf,
  holdsAround,
  type ListingPush,
  type ListingSeen,
  type OrderDelivery,
  observationsOf,
  pushesOf,
} from "../sync/timeline-rows.ts";
import type { JobDeps } from "./deps.ts";
import type { Timeline, TimelineEntry, TimelineSubject } from "./timeline-entry.ts";

export type TimelineDeps = Pick<JobDeps, "db" | "clock">;

const listingsMax = 100;
/** How long after an order's last word its pushes still belong to its story. */
const aftermathMs = 10 * 60_000;

const signed = (units: number, what: string): readonly string[] =>
  units === 0 ? [] : [`${units > 0 ? "+" : "−"}${Math.abs(units)} ${what}`];

const movementEntry = (row: MovementRow): TimelineEntry => {
  const changes = [
    ...signed(row.dOnHand, "on hand"),
    ...signed(row.dReserved, "reserved"),
    ...signed(row.dIncoming, "incoming"),
  ];
  const cause = row.causeType === "order-line" ? `order ${JSON.parse(row.causeId).slice(0, 2).join(" ")}` : row.causeId;
  const reason = row.reason === null ? "" : ` (${row.reason})`;
  return {
    at: row.recordedAt,
    kind: "movement",
    id: row.id,
    text: `${row.kind} of ${row.sku} at ${row.locationId}: ${changes.join(", ")} → ${row.onHandAfter} on hand, ${row.reservedAfter} reserved; by ${cause}${reason}`,
    account: null,
    listing: null,
    sku: row.sku,
  };
};

const deliveryEntry = (row: OrderDelivery): TimelineEntry => {
  const told = row.sourceAt === null ? "" : `, of ${row.sourceAt} on the channel`;
  const end = row.settledAt === null ? "" : ` at ${row.settledAt}`;
  return {
    at: row.receivedAt,
    kind: "delivery",
    id: row.id,
    text: `${row.topic} about order ${row.orderRef} came by ${row.door}${told}: ${row.state}${end}${row.reason === null ? "" : ` (${row.reason})`}`,
    account: row.accountId,
    listing: null,
    sku: null,
  };
};

/** An attempt is up to three things that happened: sent, answered, seen. */
const pushEntries = (row: ListingPush): readonly TimelineEntry[] => {
  const base = { id: row.id, account: row.accountId, listing: row.ref, sku: null };
  const from = row.unitsBefore === null ? "" : `${row.unitsBefore} → `;
  const entries: TimelineEntry[] = [
    {
      ...base,
      at: row.startedAt,
      kind: "push",
      text: `${row.reason} ${from}${row.units} sent to ${row.accountId} ${row.ref}`,
    },
  ];
  // What became of it later stands in its state; the answer itself was one of three.
  const answer = row.state === "refused" || row.state === "unknown" ? row.state : "accepted";
  if (row.answeredAt !== null)
    entries.push({
      ...base,
      at: row.answeredAt,
      kind: "answer",
      text: `${row.accountId} answered attempt ${row.id}: ${answer}${row.receipt === null ? "" : `, receipt ${row.receipt}`}${row.detail === null ? "" : ` (${row.detail})`}${row.state === "lost" ? "; it was never seen" : ""}`,
    });
  if (row.appliedAt !== null)
    entries.push({
      ...base,
      at: row.appliedAt,
      kind: "applied",
      text: `${row.accountId} ${row.ref} was read back with the ${row.units} of attempt ${row.id}`,
    });
  return entries;
};

const observationEntry = (row: ListingSeen): TimelineEntry => ({
  at: row.observedAt,
  kind: "observation",
  id: row.id,
  text: `${row.accountId} ${row.ref} shows ${row.units ?? "no number"} (${row.readHow})`,
  account: row.accountId,
  listing: row.ref,
  sku: null,
});

const holdEntries = (row: HoldRow): readonly TimelineEntry[] => {
  const on = row.sku ?? row.listingRef ?? row.accountId ?? "everything";
  const base = { kind: "hold", id: row.id, account: row.accountId, listing: row.listingRef, sku: row.sku } as const;
  const end = row.expiresAt === null ? "" : ` until ${row.expiresAt}`;
  return [
    { ...base, at: row.startedAt, text: `${row.kind} hold ${row.id} on ${on}${end}: ${row.reason}; by ${row.actor}` },
    ...(row.endedAt === null
      ? []
      : [{ ...base, at: row.endedAt, text: `hold ${row.id} on ${on} ended by ${row.endedBy}` }]),
  ];
};

type Around = {
  readonly skus: readonly string[];
  readonly listingIds: readonly number[];
  readonly orders: readonly { readonly accountId: string; readonly orderRef: string }[];
  readonly movements: readonly MovementRow[];
  /** Pushes, observations and holds from then on only. */
  readonly from: string | null;
  readonly until: string;
};

const aroundSkus = async (
  deps: TimelineDeps,
  skus: readonly string[],
  listingIds: readonly number[],
  page: { readonly before: string; readonly rowsMax: number },
): Promise<Around> => ({
  skus,
  listingIds,
  orders: await ordersOfSkus(deps.db, skus, page.before, page.rowsMax),
  movements: await movementsOfSkus(deps.db, skus, page.before, page.rowsMax),
  from: null,
  until: page.before,
});

const aroundOrder = async (
  deps: TimelineDeps,
  subject: Extract<TimelineSubject, { of: "order" }>,
  page: { readonly before: string; readonly rowsMax: number },
): Promise<Around | undefined> => {
  const lines = await linesOfOrder(deps.db, subject.orderRef, subject.accountId);
  const told = (await accountsToldOf(deps.db, subject.orderRef)).filter(
    (id) => subject.accountId === null || id === subject.accountId,
  );
  if (lines.length === 0 && told.length === 0) return undefined;
  const skus = [...new Set(lines.map(({ sku }) => sku))];
  const lastMs = Math.max(0, ...lines.map(({ updatedAt }) => Date.parse(updatedAt)));
  const end = toIso(lastMs + aftermathMs);
  return {
    skus,
    // An order that moved nothing has no aftermath.
    listingIds: await listingIdsOfSkus(deps.db, skus, listingsMax),
    orders: [...lines, ...told.map((accountId) => ({ accountId, orderRef: subject.orderRef }))],
    movements: await movementsOfLines(deps.db, lines, page.before, page.rowsMax),
    from: lines.map(({ createdAt }) => createdAt).toSorted()[0] ?? page.before,
    until: end < page.before ? end : page.before,
  };
};

const around = async (
  deps: TimelineDeps,
  subject: TimelineSubject,
  page: { readonly before: string; readonly rowsMax: number },
): Promise<Around | undefined> => {
  if (subject.of === "order") return aroundOrder(deps, subject, page);
  if (subject.of === "listing") {
    const id = await listingIdByName(deps.db, subject.accountId, subject.listing);
    if (id === undefined) return undefined;
    return aroundSkus(
      deps,
      (await linksOf(deps.db, [id])).map(({ sku }) => sku),
      [id],
      page,
    );
  }
  const listingIds = await listingIdsOfSkus(deps.db, [subject.sku], listingsMax);
  const found = await aroundSkus(deps, [subject.sku], listingIds, page);
  return listingIds.length === 0 && found.movements.length === 0 && found.orders.length === 0 ? undefined : found;
};

/** Things of one moment in the order in which they cause each other. */
const rank: Readonly<Record<TimelineEntry["kind"], number>> = {
  delivery: 0,
  movement: 1,
  hold: 2,
  push: 3,
  answer: 4,
  observation: 5,
  applied: 6,
};

/**
 * All that happened to a SKU, an order or a listing, in one list, newest first: `rowsMax` entries before `before` (null:
 * now), and those of the last one's very moment. Undefined: nothing is known by that name.
 */
export const timelineOf = async (
  deps: TimelineDeps,
  subject: TimelineSubject,
  asked: { readonly before: string | null; readonly rowsMax: number },
): Promise<Timeline | undefined> => {
  // One millisecond on: what happened in this very moment belongs to it.
  const page = { before: asked.before ?? toIso(deps.clock.now() + 1), rowsMax: asked.rowsMax };
  const found = await around(deps, subject, page);
  if (found === undefined) return undefined;
  const { listingIds, from, until } = found;
  const window = { before: until, from, rowsMax: page.rowsMax };
  const [deliveries, pushes, seen, holds] = await Promise.all([
    deliveriesOf(deps.db, found.orders, page),
    pushesOf(deps.db, listingIds, window),
    observationsOf(deps.db, listingIds, window),
    holdsAround(deps.db, found, { before: until, rowsMax: page.rowsMax }),
  ]);
  const entries = [
    ...found.movements.map(movementEntry),
    ...deliveries.map(deliveryEntry),
    ...pushes.flatMap(pushEntries),
    ...seen.map(observationEntry),
    ...holds.flatMap(holdEntries).filter(({ at }) => from === null || at >= from),
  ]
    .filter(({ at }) => at < page.before)
    .toSorted((a, b) => (a.at === b.at ? rank[b.kind] - rank[a.kind] || b.id - a.id : a.at < b.at ? 1 : -1));
  const last = entries[page.rowsMax - 1];
  if (last === undefined) return { entries, next: null };
  // A moment is never cut in two: the next page begins before it.
  return { entries: entries.filter(({ at }) => at >= last.at), next: last.at };
};
