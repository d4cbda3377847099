import { createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import type { Db } from "../../src/db/pool.ts";
import { expectedLines } from "../../src/sync/audit-expected.ts";
import { mergeDifferences } from "../../src/sync/audit-merge.ts";
import { type SortedSpool, Spool } from "../../src/sync/audit-spool.ts";
import { accountId, openBenchDb } from "./world.ts";

/** The channel's rows as a connector would hand them over, one by one, into the product's spool. */
export const spoolFile = async (path: string): Promise<{ readonly spool: Spool; readonly sorted: SortedSpool }> => {
  const spool = await Spool.make(tmpdir());
  let rest = "";
  const blocks = createReadStream(path, { highWaterMark: 64 * 1024, encoding: "utf8" }) as AsyncIterable<string>;
  for await (const block of blocks) {
    const lines = (rest + block).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const tab = line.indexOf("\t");
      const full = spool.add(line.slice(0, tab), Number(line.slice(tab + 1)));
      if (full !== undefined) await full;
    }
  }
  return { spool, sorted: await spool.finish() };
};

/** The product's comparison. Returns the number of differences. */
export const compare = async (db: Db, sorted: SortedSpool): Promise<number> => {
  let found = 0;
  for await (const _difference of mergeDifferences(expectedLines(db, accountId), sorted.lines())) found += 1;
  return found;
};

export const drain = async (db: Db): Promise<void> => {
  for await (const _chunk of expectedLines(db, accountId)) {
    // Only read.
  }
};

/** In a process of its own: spool, sort, compare once; says its times and its largest resident memory. */
const alone = async (url: string, path: string): Promise<void> => {
  const db = openBenchDb(url);
  const startMs = performance.now();
  const { spool, sorted } = await spoolFile(path);
  const sortedMs = performance.now();
  const differences = await compare(db, sorted);
  const doneMs = performance.now();
  await spool.dispose();
  await db.close();
  const maxRssMiB = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(
    JSON.stringify({
      rows: sorted.rows,
      differences,
      spoolSeconds: (sortedMs - startMs) / 1000,
      compareSeconds: (doneMs - sortedMs) / 1000,
      maxRssMiB,
    }),
  );
};

const [, script = "", url = "", path = ""] = process.argv;
if (import.meta.url === pathToFileURL(script).href) await alone(url, path);
