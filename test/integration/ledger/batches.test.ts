import { expect, test } from "vitest";
import { z } from "zod";
import { systemClock } from "../../../src/core/clock.ts";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { query, sql } from "../../../src/db/sql.ts";
import { createLedger } from "../../../src/ledger/ledger.ts";
import { upsertLocations } from "../../../src/ledger/queries.ts";
import { createTestDatabase } from "../../support/database.ts";

test("callers of one hot SKU who ask again as soon as they are answered share every commit", async () => {
  const { db, drop } = await createTestDatabase();
  try {
    await upsertLocations(db, [{ id: "main", name: "Main" }]);
    const ledger = createLedger({ db, clock: systemClock, random: seededRandom(1), afterCommit: () => undefined });
    const receive = (key: string) =>
      ledger.submit({
        kind: "receive",
        key,
        sku: Sku.parse("hot"),
        locationId: LocationId.parse("main"),
        units: 1,
        reason: null,
        actor: "test",
        occurredAt: "2026-11-01T00:00:00.000Z",
      });
    const caller = async (name: number): Promise<void> => {
      for (let turn = 0; turn < 5; turn += 1) await receive(`${name}:${turn}`);
    };
    await Promise.all(Array.from({ length: 40 }, (_, name) => caller(name)));
    const Counts = z.object({ movements: z.number(), commits: z.number() });
    const counts = await query(
      db,
      Counts,
      sql`select count(*) as movements, count(distinct xact) as commits from movement`,
    );
    expect(counts).toEqual([{ movements: 200, commits: 5 }]);
  } finally {
    await drop();
  }
});
