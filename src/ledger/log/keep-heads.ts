import { toIso } from "../../core/clock.ts";
import { type HeadRow, readHeads } from "./log-rows.ts";
import { parseNote } from "./note.ts";
import { appendOutside, type OutsideHead, readNewestOutside } from "./outside-heads.ts";
import { openRewind, recordRewind, whyNotContinued } from "./rewind.ts";
import type { SealDeps } from "./seal.ts";

/** A file that is further behind gets the newest heads only. */
const headsMax = 200;

export type KeepDeps = SealDeps & {
  /** Where heads are kept outside the database; the first is the data folder's own. */
  readonly headFiles: readonly string[];
  readonly log: {
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
};

/** The newest head of each file; a file that cannot be read is said and left out, for the others still tell. */
const newestOutside = async (
  deps: KeepDeps,
): Promise<readonly { readonly path: string; readonly newest: OutsideHead | undefined }[]> => {
  const found = [];
  for (const path of deps.headFiles) {
    try {
      found.push({ path, newest: await readNewestOutside(path) });
    } catch (error) {
      deps.log.error({ path, err: (error as Error).message }, "tree heads kept outside cannot be read");
    }
  }
  return found;
};

/**
 * Holds the newest head of every file against the tree. One that the tree does not continue freezes pushes until a person
 * accepts it. Returns true the first time.
 */
export const detectRewind = async (deps: KeepDeps): Promise<boolean> => {
  for (const { path, newest } of await newestOutside(deps)) {
    if (newest === undefined) continue;
    const reason = await whyNotContinued(deps.db, newest.head);
    if (reason === undefined) continue;
    const isNews = await recordRewind(deps.db, { outside: newest.head, reason, now: toIso(deps.clock.now()) });
    if (!isNews) continue;
    deps.log.error(
      { path, reason },
      "the database was rewound: nothing is pushed until lockstep ledger accept-rewind is run; orders are read again",
    );
    return true;
  }
  return false;
};

/** Of the heads that a file does not hold yet: the newest, and every one that tells of an accepted rewind. */
const missingHeads = (heads: readonly HeadRow[], newest: OutsideHead | undefined): readonly HeadRow[] =>
  heads
    .slice(heads.findLastIndex(({ note }) => note === newest?.note) + 1)
    .filter((head, index, rest) => index === rest.length - 1 || parseNote(head.note)?.rewoundFrom !== undefined);

/**
 * Brings every file up to the newest head. While a rewind is open nothing is written: the head that tells of it must stay
 * the last one.
 */
export const keepHeadsOutside = async (deps: KeepDeps): Promise<void> => {
  if ((await openRewind(deps.db)) !== undefined) return;
  const heads = await readHeads(deps.db, headsMax);
  for (const { path, newest } of await newestOutside(deps)) {
    try {
      for (const head of missingHeads(heads, newest)) await appendOutside(path, head);
    } catch (error) {
      deps.log.error({ path, err: (error as Error).message }, "a tree head could not be kept outside");
    }
  }
};
