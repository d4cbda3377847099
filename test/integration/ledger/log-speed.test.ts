import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exportLog } from "../../../src/ledger/log/export-log.ts";
import { readLines } from "../../../src/ledger/log/read-lines.ts";
import { verifyExport } from "../../../src/ledger/log/verify-export.ts";
import { verifyLive } from "../../../src/ledger/log/verify-live.ts";
import { insertMovements, LogBench } from "../../support/log-bench.ts";

const movements = 60_000;
let bench: LogBench;
beforeAll(async () => {
  bench = await LogBench.open();
  for (let batch = 0; batch < 6; batch += 1) await insertMovements(bench.database.db, movements / 6);
});
afterAll(() => bench.close());

/** Runs it, and prints how many movements a second that was. */
const timed = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
  const startedAt = performance.now();
  const result = await work();
  const rate = Math.round(movements / ((performance.now() - startedAt) / 1_000));
  process.stdout.write(`log: ${what} ${rate.toLocaleString("en")} movements/s\n`);
  return result;
};

test("many movements are sealed, verified in place, exported and verified from the file", async () => {
  await timed("sealed", () => bench.sealAll());
  const { db } = bench.database;
  const trusted = [bench.deps.signer.publicKey];
  const live = await timed("verified in place", () =>
    verifyLive(db, { publicKeys: trusted, outside: [], since: undefined }),
  );
  expect(live).toMatchObject({ ok: true, entries: movements });
  const chunks: Buffer[] = [];
  await timed("exported", async () => {
    for await (const line of exportLog(db, {})) chunks.push(Buffer.from(`${line}\n`));
  });
  const file = await timed("verified from the export", () =>
    verifyExport(readLines(Readable.from(chunks)), { publicKeys: trusted, outside: [] }),
  );
  expect(file).toMatchObject({ ok: true, entries: movements, treeSize: movements });
});
