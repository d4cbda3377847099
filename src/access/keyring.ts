import type { Clock } from "../core/clock.ts";
import type { ApiKey } from "./api-keys.ts";
import { hashOfKeyText } from "./key-text.ts";

export type Keyring = {
  /** The key in force with this text, or undefined. Errors: the database's, so that callers fail closed. */
  find(text: string): Promise<ApiKey | undefined>;
  /** True when this process has seen the key work before; no database is asked. */
  isFamiliar(text: string): boolean;
  /** The key, when its text was found so lately that it counts as in force; undefined says nothing about it. */
  known(text: string): ApiKey | undefined;
};

/** A revoked key stops working everywhere within this time. */
const cacheMs = 5_000;
const entriesMax = 2_000;

type Entry = { readonly key: ApiKey | undefined; readonly readAtMs: number };

/** Re-inserting keeps a map in order of use; the first one is then the one least recently read. */
const remember = (entries: Map<string, Entry>, name: string, entry: Entry): void => {
  entries.delete(name);
  entries.set(name, entry);
  const oldest = entries.keys().next();
  if (entries.size > entriesMax && oldest.done !== true) entries.delete(oldest.value);
};

/**
 * API keys with a short memory of both hits and misses. `load` asks the database by hash; a malformed or mistyped key
 * never gets that far.
 */
export const createKeyring = (deps: {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly load: (keyHash: string) => Promise<ApiKey | undefined>;
}): Keyring => {
  const entries = new Map<string, Entry>();
  // By text, because hashing costs more than all the rest: only keys in force, gone soon after they stop counting.
  const texts = new Map<string, Entry>();
  const isFresh = (entry: Entry): boolean => deps.clock.monotonicMs() - entry.readAtMs < cacheMs;
  const known = (text: string): ApiKey | undefined => {
    const entry = texts.get(text);
    if (entry === undefined || isFresh(entry)) return entry?.key;
    texts.delete(text);
    return undefined;
  };
  return {
    known,
    find: async (text) => {
      const recent = known(text);
      if (recent !== undefined) return recent;
      const keyHash = hashOfKeyText(text);
      if (keyHash === undefined) return undefined;
      const readAtMs = deps.clock.monotonicMs();
      const before = entries.get(keyHash);
      if (before !== undefined && isFresh(before)) return before.key;
      const key = await deps.load(keyHash);
      remember(entries, keyHash, { key, readAtMs });
      for (const [old, entry] of texts) if (!isFresh(entry)) texts.delete(old);
      if (key !== undefined) remember(texts, text, { key, readAtMs });
      return key;
    },
    isFamiliar: (text) => {
      const keyHash = hashOfKeyText(text);
      return keyHash !== undefined && entries.get(keyHash)?.key !== undefined;
    },
  };
};
