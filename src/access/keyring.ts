import type { Clock } from "../core/clock.ts";
import type { ApiKey } from "./api-keys.ts";
import { hashOfKeyText } from "./key-text.ts";

export type Keyring = {
  /** The key in force with this text, or undefined. Errors: the database's, so that callers fail closed. */
  find(text: string): Promise<ApiKey | undefined>;
  /** True when this process has seen the key work before; no database is asked. */
  isFamiliar(text: string): boolean;
};

/** A revoked key stops working everywhere within this time. */
const cacheMs = 5_000;
const entriesMax = 2_000;

type Entry = { readonly key: ApiKey | undefined; readonly readAtMs: number };

/**
 * API keys with a short memory of both hits and misses. `load` asks the database by hash; a malformed or mistyped key
 * never gets that far.
 */
export const createKeyring = (deps: {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly load: (keyHash: string) => Promise<ApiKey | undefined>;
}): Keyring => {
  const entries = new Map<string, Entry>();
  const remember = (keyHash: string, entry: Entry): void => {
    // Re-inserting keeps the map in order of use; the first one is then the one least recently read.
    entries.delete(keyHash);
    entries.set(keyHash, entry);
    const oldest = entries.keys().next();
    if (entries.size > entriesMax && oldest.done !== true) entries.delete(oldest.value);
  };
  return {
    find: async (text) => {
      const keyHash = hashOfKeyText(text);
      if (keyHash === undefined) return undefined;
      const readAtMs = deps.clock.monotonicMs();
      const known = entries.get(keyHash);
      if (known !== undefined && readAtMs - known.readAtMs < cacheMs) return known.key;
      const key = await deps.load(keyHash);
      remember(keyHash, { key, readAtMs });
      return key;
    },
    isFamiliar: (text) => {
      const keyHash = hashOfKeyText(text);
      return keyHash !== undefined && entries.get(keyHash)?.key !== undefined;
    },
  };
};
