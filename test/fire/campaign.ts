import type { Db } from "../../src/db/pool.ts";
import { checkLedger } from "../../src/ledger/check.ts";

/** A migrated database of the campaign's own; it may be left in any state. */
export type FireDatabase = { readonly db: Db; readonly url: string };

/** One line on how far it is. */
export type Tell = (line: string) => void;

/** What a campaign saw. It has held when `faults` is empty; a fault says what broke, with the seed's subject. */
export type CampaignReport = {
  readonly name: string;
  readonly faults: readonly string[];
  readonly figures: Readonly<Record<string, unknown>>;
};

/** What the ledger's own invariants say. */
export const brokenInvariants = async (db: Db): Promise<readonly string[]> =>
  (await checkLedger(db)).flatMap(({ name, subjects }) =>
    subjects.length === 0 ? [] : [`${name}: ${subjects.length}, e.g. ${subjects.slice(0, 3).join("; ")}`],
  );
