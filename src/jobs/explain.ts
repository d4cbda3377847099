import { toIso } from "../core/clock.ts";
import { openRewind } from "../ledger/log/rewind.ts";
import { movementsOfVersions, type ReservedBy, reservedBy, setsSold } from "../ledger/reserved-by.ts";
import { evaluate, type LevelFigures, type Term } from "../mapping/allocate.ts";
import { linksOf } from "../mapping/links.ts";
import { storedTerms } from "../mapping/stored-terms.ts";
import { type HoldInForce, holdsAt, holdsOn } from "../sync/holds.ts";
import { unseenOrders } from "../sync/raise-evidence.ts";
import {
  type AttemptRow,
  attemptThatShowed,
  type ListingState,
  lastAttempts,
  lastOwnNumber,
  listingState,
  type ObservationRow,
  observationAt,
} from "../sync/shown.ts";
import type { JobDeps } from "./deps.ts";
import type { Because, ExplainedLevel, Explanation, WaitsFor } from "./explanation.ts";
import { type Careful, carefulWanted } from "./wanted.ts";

export type ExplainDeps = Pick<JobDeps, "db" | "clock" | "planFor" | "connectorFor">;

const attemptsShown = 5;
const isOpen = ({ state }: { readonly state: string }): boolean => ["sent", "accepted", "unknown"].includes(state);

const because = (
  shownUnits: number | null,
  found: {
    readonly attempt: AttemptRow | undefined;
    readonly observation: ObservationRow | undefined;
    readonly wanted: Careful["wanted"] | undefined;
  },
): Because => {
  const { attempt, observation, wanted } = found;
  if (shownUnits !== null && wanted?.units === shownUnits)
    return { kind: "ledger", attemptId: attempt?.id ?? null, units: wanted.units, terms: wanted.terms };
  const pushed = storedTerms(attempt?.terms);
  if (attempt !== undefined && pushed !== undefined)
    return { kind: "attempt", attemptId: attempt.id, units: attempt.units, terms: pushed };
  const seen = storedTerms(observation?.terms);
  if (seen !== undefined) return { kind: "seen-right", attemptId: null, units: shownUnits, terms: seen };
  return { kind: "channel", attemptId: null, units: null, terms: [] };
};

/** A number that is none of ours may be one of ours less what was sold there since: then the arithmetic says so. */
const lessSold = async (
  deps: ExplainDeps,
  shown: {
    readonly listingId: number;
    readonly accountId: string;
    readonly units: number | null;
    readonly sells: readonly { readonly sku: string; readonly units: number }[];
    readonly at: string | null;
  },
): Promise<Because | undefined> => {
  const own = await lastOwnNumber(deps.db, shown.listingId, shown.at);
  const terms = storedTerms(own?.terms);
  if (own === undefined || terms === undefined || shown.units === null) return undefined;
  const time = { from: own.at, until: shown.at ?? toIso(deps.clock.now()) };
  const soldUnits = await setsSold(deps.db, shown.accountId, shown.sells, time);
  const less = evaluate([...terms, { term: "sold", soldUnits, units: 0 }]);
  if (soldUnits === 0 || less.units !== shown.units) return undefined;
  return { kind: "sold", attemptId: own.attemptId, units: less.units, terms: less.terms };
};

type Level = LevelFigures & { readonly sku: string };
const levelsOfTerms = (terms: readonly Term[]): readonly Level[] =>
  terms.flatMap((term) =>
    term.term === "available" ? (term.levels ?? []).map((level) => ({ sku: term.sku, ...level })) : [],
  );

const withMovements = async (deps: ExplainDeps, levels: readonly Level[]): Promise<readonly ExplainedLevel[]> => {
  const made = await movementsOfVersions(deps.db, levels);
  return levels.map(({ sku, locationId, onHand, reserved, incoming, version }) => {
    const by = made.find((row) => row.sku === sku && row.locationId === locationId && row.version === version);
    return { sku, locationId, onHand, reserved, incoming, version, movementId: by?.movementId ?? null };
  });
};

/** The attempt behind the shown number: mostly among the last ones, which are there already. */
const attemptBehind = async (
  deps: ExplainDeps,
  last: readonly AttemptRow[],
  shown: Parameters<typeof attemptThatShowed>[1],
): Promise<AttemptRow | undefined> => {
  const recent = last.find(
    ({ units, state, appliedAt }) =>
      units === shown.units &&
      state === "applied" &&
      appliedAt !== null &&
      appliedAt >= shown.since &&
      (shown.until === null || appliedAt <= shown.until),
  );
  const isAll = last.length < attemptsShown;
  return recent !== undefined || isAll ? recent : attemptThatShowed(deps.db, shown);
};

/** Everything that stands between what a listing shows and what it should. */
const waits = async (
  deps: ExplainDeps,
  state: ListingState,
  careful: Careful | undefined,
  open: readonly AttemptRow[],
): Promise<readonly WaitsFor[]> => {
  const found: WaitsFor[] = [];
  const add = (what: WaitsFor["what"], text: string): void => void found.push({ what, text });
  const nowMs = deps.clock.now();
  if (state.fulfilledBy === "channel") add("link", "the channel sells its own stock here; it is never written");
  else if (careful === undefined) add("link", "nobody has said what it sells (lockstep map)");
  if (!state.isOwed || careful === undefined) return found;
  if (state.accountState !== "live")
    add(
      "account",
      `the account is ${state.accountState}${state.accountReason === null ? "" : `: ${state.accountReason}`}`,
    );
  if ((await openRewind(deps.db)) !== undefined) add("rewind", "the ledger was found rewound; nothing is pushed");
  const { wanted, raiseTo, quietAtMs } = careful;
  if (wanted.frozenBy !== undefined)
    add("hold", `frozen by hold ${wanted.frozenBy.id} (${wanted.frozenBy.reason})${until(wanted.frozenBy)}`);
  if (state.blockedReason !== null) add("blocked", `the channel refuses it: ${state.blockedReason}`);
  for (const { id, units, state: how, effectUntil } of open)
    add("read-back", `attempt ${id} with ${units} is ${how} and not seen yet; it may act until ${effectUntil}`);
  const shown = state.shownUnits;
  if (shown !== null && wanted.units > shown) {
    if (raiseTo.units <= shown && quietAtMs > nowMs)
      add("quiet", `the SKU is selling; units are withheld until ${toIso(quietAtMs)}`);
    const unseen = await unseenOrders(deps.db, [state.listingId]);
    if (unseen.length > 0)
      add(
        "orders",
        `orders since ${state.shownSince} are not seen yet of ${unseen.map((row) => row.accountId).join(", ")}`,
      );
  }
  if (state.notBefore !== null && Date.parse(state.notBefore) > nowMs && wanted.frozenBy === undefined)
    add(
      "retry",
      `it is looked at again at ${state.notBefore}${state.failures === 0 ? "" : ` after ${state.failures} failures`}`,
    );
  if (found.length === 0) add("push", "its push is due");
  return found;
};

const until = ({ expiresAt }: HoldInForce): string => (expiresAt === null ? "" : ` until ${expiresAt}`);

const withoutTerms = ({ terms: _terms, ...attempt }: AttemptRow): Omit<AttemptRow, "terms"> => attempt;

const heldUnits = async (deps: ExplainDeps, levels: readonly Level[]): Promise<readonly ReservedBy[]> => {
  const skus = [...new Set(levels.filter(({ reserved }) => reserved > 0).map(({ sku }) => sku))];
  if (skus.length === 0) return [];
  const places = new Set(levels.map(({ sku, locationId }) => `${locationId}/${sku}`));
  return (await reservedBy(deps.db, skus)).filter(({ sku, locationId }) => places.has(`${locationId}/${sku}`));
};

/** Why a listing shows what it shows now, what it should show, and what it waits for. Undefined: there is no such listing. */
export const explainListing = async (deps: ExplainDeps, listingId: number): Promise<Explanation | undefined> => {
  const state = await listingState(deps.db, listingId);
  if (state === undefined) return undefined;
  const plan = deps.planFor(state.accountId);
  const nowMs = deps.clock.now();
  const comparesAndSets = deps.connectorFor(state.accountId)?.limits.comparesAndSets ?? false;
  const [sells, careful, attempts, observation, holds] = await Promise.all([
    linksOf(deps.db, [listingId]),
    plan === undefined ? undefined : carefulWanted(deps.db, [listingId], plan, { nowMs, comparesAndSets }),
    lastAttempts(deps.db, listingId, null, attemptsShown),
    observationAt(deps.db, listingId, null),
    holdsOn(deps.db, [listingId]),
  ]);
  const wanted = careful?.get(listingId);
  const shownUnits = state.shownAt === null ? (observation?.units ?? null) : state.shownUnits;
  const isSeen = observation !== undefined || state.shownAt !== null;
  const since = state.shownSince ?? observation?.observedAt;
  const attempt =
    shownUnits === null || since === undefined
      ? undefined
      : await attemptBehind(deps, attempts, { listingId, units: shownUnits, since, until: null });
  const found = isSeen ? because(shownUnits, { attempt, observation, wanted: wanted?.wanted }) : null;
  const shown = { listingId, accountId: state.accountId, units: shownUnits, sells, at: null };
  const cause = found?.kind === "channel" ? ((await lessSold(deps, shown)) ?? found) : found;
  const stock = levelsOfTerms(wanted?.wanted.terms ?? cause?.terms ?? []);
  const [levels, reserved, waitsFor] = await Promise.all([
    withMovements(deps, stock),
    heldUnits(deps, stock),
    waits(deps, state, wanted, attempts.filter(isOpen)),
  ]);
  return {
    ...about(state, sells),
    at: toIso(nowMs),
    isNow: true,
    shows: isSeen
      ? {
          units: shownUnits,
          since: since ?? "",
          lastSeenAt: state.shownAt ?? observation?.observedAt ?? "",
          readHow: observation?.readHow ?? "",
        }
      : null,
    because: cause,
    reproduced: reproduces(cause, shownUnits),
    wanted: wanted === undefined ? null : { units: wanted.wanted.units, terms: wanted.wanted.terms },
    levels,
    reservedBy: reserved,
    holds: holds.get(listingId) ?? [],
    attempts: attempts.map(withoutTerms),
    waitsFor,
  };
};

/** The same for a moment that is past, from what was stored then: the observation in force, and the terms of its number. */
export const explainListingAt = async (
  deps: ExplainDeps,
  listingId: number,
  at: string,
): Promise<Explanation | undefined> => {
  const state = await listingState(deps.db, listingId);
  if (state === undefined) return undefined;
  const [sells, attempts, observation, holds] = await Promise.all([
    linksOf(deps.db, [listingId]),
    lastAttempts(deps.db, listingId, at, attemptsShown),
    observationAt(deps.db, listingId, at),
    holdsAt(deps.db, listingId, at),
  ]);
  const units = observation?.units ?? null;
  const attempt =
    units === null || observation === undefined
      ? undefined
      : await attemptBehind(deps, attempts, { listingId, units, since: observation.observedAt, until: at });
  const found = observation === undefined ? null : because(units, { attempt, observation, wanted: undefined });
  const shown = { listingId, accountId: state.accountId, units, sells, at };
  const cause = found?.kind === "channel" ? ((await lessSold(deps, shown)) ?? found) : found;
  return {
    ...about(state, sells),
    at,
    isNow: false,
    shows:
      observation === undefined
        ? null
        : { units, since: observation.observedAt, lastSeenAt: observation.observedAt, readHow: observation.readHow },
    because: cause,
    reproduced: reproduces(cause, units),
    wanted: null,
    levels: await withMovements(deps, levelsOfTerms(cause?.terms ?? [])),
    reservedBy: [],
    holds,
    attempts: attempts.map(withoutTerms),
    waitsFor: [],
  };
};

const about = (
  { listingId, accountId, channel, accountState, ref, channelSku, title, fulfilledBy, status }: ListingState,
  sells: readonly { readonly sku: string; readonly units: number }[],
): Pick<Explanation, "listing" | "sells"> => ({
  listing: { listingId, accountId, channel, accountState, ref, channelSku, title, fulfilledBy, status },
  sells: sells.map(({ sku, units }) => ({ sku, units })),
});

const reproduces = (cause: Because | null, shownUnits: number | null): boolean =>
  cause !== null && cause.kind !== "channel" && evaluate(cause.terms).units === shownUnits;
