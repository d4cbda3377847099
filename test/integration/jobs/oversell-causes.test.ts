import { expect, test } from "vitest";
import { deeds } from "../../support/oversell-deeds.ts";
import { runOversellShow } from "../../support/oversell-show.ts";

test("what really led to an oversell is told from what is on record", async () => {
  const show = await runOversellShow({ staged: deeds.length * 3, seed: 5 });
  console.info(JSON.stringify(show));
  expect(show.incidents).toBeGreaterThanOrEqual(show.staged);
  expect(show.wrong).toEqual([]);
}, 240_000);
