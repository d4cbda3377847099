import { toIso } from "../core/clock.ts";
import type { OversellRow } from "../ledger/oversells.ts";
import type { Term } from "../mapping/allocate.ts";
import { storedTerms } from "../mapping/stored-terms.ts";
import type { LaterWrite, Offer, OversellFigures, Taking } from "../sync/oversell-evidence.ts";
import { driftCauseIn, numbersSeen, type Seller } from "../sync/oversell-rows.ts";
import { type AttemptRow, lastAttempts } from "../sync/shown.ts";
import type { OversellDeps, Takings } from "./oversell-takings.ts";

const numbersMax = 30;
const dayMs = 24 * 60 * 60_000;

/** A number that the listing may have shown, newest first where several are listed. */
type Shown = Pick<
  Offer,
  "units" | "madeAtMs" | "how" | "availableUnits" | "countsMore" | "locations" | "bufferUnits"
> & {
  readonly version: number;
};

type AvailableTerm = Extract<Term, { readonly term: "available" }>;
const isPlain = ({ counts }: AvailableTerm): boolean =>
  counts === undefined ||
  counts.every(({ figure, locationId, sign }) => figure === "available" && locationId === undefined && sign === 1);

const ledgerAt = ({ movements, availableUnits }: Takings, atMs: number): Pick<Shown, "version" | "availableUnits"> => {
  const last = movements.findLast(({ recordedAt }) => Date.parse(recordedAt) <= atMs);
  if (last !== undefined) return { version: last.levelVersion, availableUnits: last.onHandAfter - last.reservedAfter };
  return { version: (movements[0]?.levelVersion ?? 1) - 1, availableUnits };
};

/** A number with what its terms say of the level; without terms, with what the ledger said at its time. */
const shownBy = (
  number: { readonly units: number; readonly madeAtMs: number; readonly terms: unknown; readonly how: Offer["how"] },
  incident: OversellRow,
  found: Takings,
): Shown => {
  const { units, madeAtMs } = number;
  const terms = storedTerms(number.terms) ?? [];
  const counted = terms.find((term): term is AvailableTerm => term.term === "available" && term.sku === incident.sku);
  const level = counted?.levels?.find(({ locationId }) => locationId === incident.locationId);
  const buffer = terms.find((term) => term.term === "buffer");
  const isCaptured = terms.some(({ term }) => term === "captured");
  return {
    units,
    madeAtMs,
    how: isCaptured ? "restored" : number.how,
    countsMore: counted !== undefined && !isPlain(counted),
    locations: counted?.levels?.filter(({ onlyNamed }) => onlyNamed !== true).length ?? 1,
    bufferUnits: buffer?.term === "buffer" ? buffer.withheldUnits : 0,
    ...(level === undefined
      ? ledgerAt(found, madeAtMs)
      : { version: level.version, availableUnits: level.onHand - level.reserved }),
  };
};

const msOf = (at: string | null): number | null => (at === null ? null : Date.parse(at));

/** By the clock of the world; of one moment, as the ledger learned of them. */
export const isBefore = (one: Taking, other: Taking): boolean =>
  one.soldAtMs < other.soldAtMs || (one.soldAtMs === other.soldAtMs && one.version < other.version);

/** The second sale, the listing that it was made on, and all that was taken. */
export type SecondSale = { readonly second: Taking; readonly seller: Seller; readonly takings: readonly Taking[] };

/** The newest number under which so many could be sold; else the newest that was seen. */
const numberBehind = (shown: readonly Shown[], { second, takings, seller }: SecondSale): Shown | undefined =>
  shown.find(({ units, madeAtMs }) => {
    const own = takings.filter(
      (taking) => taking.isSameListing && taking.soldAtMs >= madeAtMs && isBefore(taking, second),
    );
    return units * seller.unitsEach - own.reduce((sum, taking) => sum + taking.units, 0) >= second.units;
  }) ?? shown[0];

const writeOf = (row: AttemptRow, version: number): LaterWrite => ({
  attemptId: row.id,
  version,
  units: row.units,
  state: row.state,
  startedAtMs: Date.parse(row.startedAt),
  answeredAtMs: msOf(row.answeredAt),
  appliedAtMs: msOf(row.appliedAt),
});

/** The number that the second sale was made under, the version of the level that it knew, and the writes after it. */
export const offerOf = async (
  deps: OversellDeps,
  incident: OversellRow,
  found: Takings,
  sale: SecondSale,
): Promise<Pick<OversellFigures, "offer" | "writes"> & { readonly version: number }> => {
  const { second, seller } = sale;
  const until = toIso(second.soldAtMs);
  const attempts = await lastAttempts(deps.db, seller.listingId, until, numbersMax);
  const pushed = attempts.map((row) => {
    const number = { units: row.units, madeAtMs: Date.parse(row.startedAt), terms: row.terms, how: "push" as const };
    return { row, ...shownBy(number, incident, found) };
  });
  const seen = (await numbersSeen(deps.db, seller.listingId, until, numbersMax)).map(({ units, observedAtMs, terms }) =>
    shownBy(
      { units, madeAtMs: observedAtMs, terms, how: terms === null ? ("channel" as const) : ("seen-right" as const) },
      incident,
      found,
    ),
  );
  const ours = [
    ...pushed.flatMap(({ row, ...number }) => {
      const isShown = row.appliedAt !== null && Date.parse(row.appliedAt) <= second.soldAtMs;
      return row.state === "refused" || row.state === "lost" ? [] : [{ ...number, isShown }];
    }),
    ...seen.filter(({ how }) => how !== "channel").map((number) => ({ ...number, isShown: true })),
  ].toSorted((a, b) => b.madeAtMs - a.madeAtMs);
  // What was read back replaced all that came before; what is newer may have been there, or not yet.
  const replacedAt = ours.findIndex(({ isShown }) => isShown);
  const candidates = replacedAt < 0 ? ours : ours.slice(0, replacedAt + 1);
  const fromOurs = numberBehind(candidates, sale);
  // What the channel was seen to show since counts where no number of ours allowed the sale.
  const since = seen.filter(({ madeAtMs }) => fromOurs === undefined || madeAtMs > fromOurs.madeAtMs);
  const number = numberBehind(fromOurs === undefined ? since : [fromOurs, ...since], sale);
  const writes = pushed.map(({ row, version }) => writeOf(row, version)).toReversed();
  if (number === undefined) return { offer: null, writes, version: 0 };
  const { version } = number;
  const drift = await driftCauseIn(deps.db, seller.listingId, {
    from: toIso(number.madeAtMs - dayMs),
    until: toIso(second.soldAtMs + dayMs),
  });
  const offer: Offer = {
    listingId: seller.listingId,
    accountId: seller.accountId,
    ref: seller.ref,
    unitsEach: seller.unitsEach,
    units: number.units,
    madeAtMs: number.madeAtMs,
    availableUnits: number.availableUnits,
    how: number.how,
    countsMore: number.countsMore,
    locations: number.locations,
    bufferUnits: number.bufferUnits,
    isMarginOff: deps.planFor(seller.accountId)?.quietMs === 0,
    drift,
  };
  return { offer, writes: writes.filter(({ startedAtMs }) => startedAtMs > number.madeAtMs), version };
};

/** A checkout takes what the ledger has at that moment. */
export const ledgersOffer = (second: Taking, found: Takings): Offer => {
  const row = found.movements.find(({ id }) => id === second.movementId);
  const units = row === undefined ? 0 : row.onHandAfter - row.reservedAfter + second.units;
  return {
    listingId: null,
    accountId: null,
    ref: null,
    unitsEach: 1,
    units,
    madeAtMs: second.recordedAtMs,
    availableUnits: units,
    how: "ledger",
    countsMore: false,
    locations: 1,
    bufferUnits: 0,
    isMarginOff: false,
    drift: null,
  };
};
