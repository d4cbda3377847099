import { toIso } from "../core/clock.ts";
import type { OversellRow } from "../ledger/oversells.ts";
import { listingIdByName } from "../mapping/listings.ts";
import { brakeOf, holdsAt } from "../sync/holds.ts";
import type { OversellFigures, Taking } from "../sync/oversell-evidence.ts";
import { notLiveAt, type Seller, sellersOf } from "../sync/oversell-rows.ts";
import { isBefore, ledgersOffer, offerOf } from "./oversell-offer.ts";
import { type NamedTaking, type OversellDeps, secondOf, takingsOf } from "./oversell-takings.ts";

/** Which of the account's listings sold it. */
const sellerOf = async (
  deps: OversellDeps,
  taking: NamedTaking,
  sellers: readonly Seller[],
): Promise<Seller | undefined> => {
  if (taking.accountId === null) return undefined;
  const own = sellers.filter(({ accountId }) => accountId === taking.accountId);
  if (own.length < 2) return own[0];
  for (const name of taking.names) {
    const id = await listingIdByName(deps.db, taking.accountId, name);
    const seller = own.find(({ listingId }) => listingId === id);
    if (seller !== undefined) return seller;
  }
  return own[0];
};

const noBrakes = { accountState: null, holdId: null, blockedReason: null };

const brakesOf = async (deps: OversellDeps, seller: Seller, atMs: number): Promise<OversellFigures["brakes"]> => ({
  accountState: await notLiveAt(deps.db, seller.accountId, toIso(atMs)),
  holdId: brakeOf(await holdsAt(deps.db, seller.listingId, toIso(atMs))).frozenBy?.id ?? null,
  blockedReason: seller.blockedReason,
});

/** All that Postgres knows of one oversell. Undefined: its movement is not there. */
export const oversellFigures = async (
  deps: OversellDeps,
  incident: OversellRow,
): Promise<OversellFigures | undefined> => {
  const found = await takingsOf(deps, incident);
  const secondNamed = secondOf(found);
  if (secondNamed === undefined) return undefined;
  const sellers = await sellersOf(deps.db, incident.sku);
  const seller = await sellerOf(deps, secondNamed, sellers);
  const takings: Taking[] = [];
  for (const named of found.takings) {
    const by = await sellerOf(deps, named, sellers);
    const { names: _names, ...plain } = named;
    const isSameListing = seller !== undefined && by?.listingId === seller.listingId;
    const wasParked = by !== undefined && by.linkedAtMs > named.toldAtMs && by.linkedAtMs <= named.recordedAtMs;
    takings.push({ ...plain, isSameListing, wasParked });
  }
  const last = takings.at(-1);
  const second = takings.find(({ movementId }) => movementId === secondNamed.movementId);
  if (last === undefined || second === undefined) return undefined;
  const { offer, writes, version } =
    seller !== undefined
      ? await offerOf(deps, incident, found, { second, seller, takings })
      : second.by === "checkout"
        ? { offer: ledgersOffer(second, found), writes: [], version: second.version - 1 }
        : { offer: null, writes: [], version: 0 };
  const before = takings
    .filter((taking) => taking.version > version && isBefore(taking, second))
    .toSorted((a, b) => a.soldAtMs - b.soldAtMs || a.version - b.version);
  const brakes = seller === undefined ? noBrakes : await brakesOf(deps, seller, second.soldAtMs);
  return { unitsShort: incident.unitsShort, last, second, before, offer, writes, brakes };
};
