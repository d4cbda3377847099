import { expect, test } from "vitest";
import { benchExplain } from "../../../bench/explain/bench-explain.ts";
import { createTestDatabase } from "../../support/database.ts";

test("of 300 listings under random policies, sales and holds every explanation gives the channel's own number", async () => {
  const database = await createTestDatabase();
  try {
    const { now, past } = await benchExplain(database.db, {
      listings: 300,
      sample: 300,
      seed: 7,
      tell: () => undefined,
    });
    expect([now.wrong, past.wrong]).toEqual([[], []]);
    expect([now.reproduced, past.reproduced]).toEqual([300, 60]);
  } finally {
    await database.drop();
  }
});
