import { expect, test } from "vitest";
import { deeds } from "../../support/oversell-deeds.ts";
import { runOversellShow } from "../../support/oversell-show.ts";

test("what really led to an oversell is told from what is on record, and the buffer it names would have avoided it", async () => {
  const staged = deeds.length * 2;
  const { oversold, buffers, ...show } = await runOversellShow({ staged, seed: 5 });
  console.info(JSON.stringify({ ...show, buffers: buffers.size }));
  expect(oversold.size).toBe(staged);
  expect(show.wrong).toEqual([]);
  expect(buffers.size).toBeGreaterThanOrEqual(staged / 3);
  const again = await runOversellShow({ staged, seed: 5, buffers });
  expect([...buffers.keys()].filter((sku) => again.oversold.has(sku))).toEqual([]);
  expect(again.oversold.size).toBe(staged - buffers.size);
}, 240_000);
