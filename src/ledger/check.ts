import { findViolations, type Invariant } from "../db/invariant.ts";
import type { Queryable } from "../db/sql.ts";
import { journalChecks } from "./check-journal.ts";
import { orderChecks } from "./check-orders.ts";
import { reservationChecks } from "./check-reservations.ts";

/** What holds of the ledger after every commit, whoever else works or does not. */
export const ledgerChecks: readonly Invariant[] = [...journalChecks, ...orderChecks, ...reservationChecks];

const subjectsMax = 1_000;

/** Runs every check of the ledger; a name with no subjects holds. */
export const checkLedger = async (
  on: Queryable,
): Promise<readonly { readonly name: string; readonly promise: string; readonly subjects: readonly string[] }[]> => {
  const results = [];
  for (const check of ledgerChecks) {
    const { subjects } = await findViolations(on, check, subjectsMax);
    results.push({ name: check.name, promise: check.promise, subjects });
  }
  return results;
};
