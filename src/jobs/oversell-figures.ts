import { toIso } from "../core/clock.ts";
import type { OversellRow } from "../ledger/oversells.ts";
import { brakeOf, holdsAt } from "../sync/holds.ts";
import type { OversellFigures, Taking } from "../sync/oversell-evidence.ts";
import { notLiveAt, type Seller, sellersOf } from "../sync/oversell-rows.ts";
import { isBefore, ledgersOffer, offerOf } from "./oversell-offer.ts";
import { type NamedTaking, type OversellDeps, secondOf, takingsOf } from "./oversell-takings.ts";

/** Which of the account's listings sold it: the only one, or the one that the order named. */
const sellerOf = ({ accountId, names }: NamedTaking, sellers: readonly Seller[]): Seller | undefined => {
  const own = sellers.filter((seller) => seller.accountId === accountId);
  const named = names.map((name) => own.find((seller) => seller.names.includes(name)));
  return own.length < 2 ? own[0] : (named.find((seller) => seller !== undefined) ?? own[0]);
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
  const seller = sellerOf(secondNamed, sellers);
  const takings = found.takings.map((named): Taking => {
    const by = sellerOf(named, sellers);
    const { names: _names, ...plain } = named;
    const isSameListing = seller !== undefined && by?.listingId === seller.listingId;
    const wasParked = by !== undefined && by.linkedAtMs > named.toldAtMs && by.linkedAtMs <= named.recordedAtMs;
    return { ...plain, isSameListing, wasParked };
  });
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
