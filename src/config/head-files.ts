import { join } from "node:path";
import type { Settings } from "./settings.ts";

/** Where the heads of the ledger's log are kept outside the database: in the data folder, and wherever the settings say. */
export const headFilesOf = (settings: Pick<Settings, "dataDir" | "ledger">): readonly string[] => [
  join(settings.dataDir, "tree-heads.jsonl"),
  ...settings.ledger.heads,
];
