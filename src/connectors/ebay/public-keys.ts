import type { Clock } from "../../core/clock.ts";
import { ChannelError } from "../../core/failure.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { EbayClient } from "./client.ts";
import { hasStatus } from "./failures.ts";
import { type PublicKey, parsePublicKey } from "./signature.ts";

/** `unknown`: eBay has no such key. `unavailable`: it cannot be told now. */
type KeyLookup =
  | { readonly kind: "key"; readonly key: PublicKey }
  | { readonly kind: "unknown" }
  | { readonly kind: "unavailable" };
export type PublicKeys = (kid: string, signal: AbortSignal) => Promise<KeyLookup>;

const freshMs = 60 * 60 * 1000;
/** A key past its hour still serves while eBay cannot be asked: keys do not change under their id. */
const usableMs = 24 * 60 * 60 * 1000;
const unknownMs = 10 * 60 * 1000;
const entriesMax = 200;

type Entry = { readonly found: PublicKey | undefined; readonly atMs: number };

/**
 * eBay's public keys by id, kept for an hour; ids that eBay does not know are remembered for ten minutes. Both keep a
 * forged header from costing a call each, and since ids can be invented without end, the `publicKey` quota bounds the
 * rest: with nothing to spare the answer is `unavailable` at once instead of a queue of waiting requests.
 */
export const createPublicKeys = (client: EbayClient, { clock, budget, log }: ConnectorDeps): PublicKeys => {
  const entries = new Map<string, Entry>();
  const flights = new Map<string, Promise<KeyLookup>>();

  const remember = (kid: string, found: PublicKey | undefined): void => {
    entries.delete(kid);
    entries.set(kid, { found, atMs: clock.monotonicMs() });
    if (entries.size > entriesMax) dropOldest(entries);
  };
  const ask = async (kid: string, signal: AbortSignal): Promise<KeyLookup> => {
    if ((await budget.spare("publicKey")) < 1) return { kind: "unavailable" };
    try {
      const answer = await client(
        {
          method: "GET",
          path: `/commerce/notification/v1/public_key/${encodeURIComponent(kid)}`,
          quota: "publicKey",
          as: "application",
          repeatable: true,
          timeoutMs: 5_000,
        },
        signal,
      );
      const key = parsePublicKey(answer.body);
      if (key === undefined) return { kind: "unavailable" };
      remember(kid, key);
      return { kind: "key", key };
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      log.warn({ kid, err: error.message }, "eBay's public key could not be fetched");
      if (!hasStatus(error, 400, 404)) return { kind: "unavailable" };
      remember(kid, undefined);
      return { kind: "unknown" };
    }
  };

  return async (kid, signal) => {
    const entry = entries.get(kid);
    if (entry !== undefined && isFresh(entry, clock)) return lookupOf(entry);
    const flight = flights.get(kid) ?? ask(kid, signal).finally(() => flights.delete(kid));
    flights.set(kid, flight);
    const asked = await flight;
    const stillUsable = entry?.found !== undefined && clock.monotonicMs() - entry.atMs < usableMs;
    return asked.kind === "unavailable" && stillUsable ? lookupOf(entry) : asked;
  };
};

const isFresh = ({ found, atMs }: Entry, clock: Clock): boolean =>
  clock.monotonicMs() - atMs < (found === undefined ? unknownMs : freshMs);

const lookupOf = ({ found }: Entry): KeyLookup =>
  found === undefined ? { kind: "unknown" } : { kind: "key", key: found };

/** Unknown ids go before real keys, the oldest first: a flood of inventions must not evict what we need. */
const dropOldest = (entries: Map<string, Entry>): void => {
  const kids = [...entries.keys()];
  const victim = kids.find((kid) => entries.get(kid)?.found === undefined) ?? kids[0];
  if (victim !== undefined) entries.delete(victim);
};
