import { expect, test } from "vitest";
import { migrate } from "../../../src/db/migrate.ts";
import { withEmptyDatabase } from "../../support/empty-database.ts";

test("of processes that start at once on a new database one migrates and the others wait for it", async () => {
  await withEmptyDatabase(async (url) => {
    const applied = await Promise.all(Array.from({ length: 4 }, () => migrate(url, () => undefined)));
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await migrate(url, () => undefined)).toEqual([]);
  });
});
