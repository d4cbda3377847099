import type { Bug } from "./bugs/bug.ts";
import { comingIn } from "./bugs/coming-in.ts";
import { confirming } from "./bugs/confirming.ts";
import { ledger } from "./bugs/ledger.ts";
import { planning } from "./bugs/planning.ts";
import { sending } from "./bugs/sending.ts";
import { sweeping } from "./bugs/sweeping.ts";

export const plantedBugs: readonly Bug[] = [
  ...planning,
  ...sending,
  ...confirming,
  ...comingIn,
  ...sweeping,
  ...ledger,
];
