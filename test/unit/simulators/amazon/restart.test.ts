import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { handClock, here, itemPath, ordersPath, setQuantity, startSeller } from "./seller.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "amazon-simulator-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a simulator started again on its journal has the same truth and goes on from it", async () => {
  const clock = handClock();
  const options = { clock, journalPath: join(folder, "journal.jsonl"), seed: 7, pendingMs: 3_600_000 };
  const before = await startSeller(options);
  const { channel } = before.simulator;
  channel.seedListings([
    { sku: "A", title: "A", units: 50 },
    { sku: "F", title: "F", units: 4, fulfilledBy: "channel" },
  ]);
  const sale = channel.sell({ reference: "r1", lines: [{ sku: "A", units: 3 }] });
  channel.sell({
    reference: "r2",
    lines: [
      { sku: "A", units: 1 },
      { sku: "A", units: 100 },
    ],
  });
  channel.sell({ reference: "r3", lines: [{ sku: "F", units: 5 }] });
  channel.sell({ reference: "r4", lines: [{ sku: "F", units: 1 }] });
  channel.cancel(sale.orderId ?? "", [{ lineId: sale.lines[0]?.lineId ?? "", units: 1 }]);
  channel.ship(sale.orderId ?? "");
  await before.call("PATCH", itemPath("A"), { query: here, body: setQuantity(20) });
  channel.editListing("A", 21);
  const truth = channel.truth();
  const writes = channel.writesSince(0);
  await before.simulator.close();

  const after = await startSeller(options);

  expect(after.simulator.channel.truth()).toEqual(truth);
  expect(after.simulator.channel.writesSince(0)).toEqual(writes);
  expect(after.simulator.channel.sell({ reference: "r3", lines: [{ sku: "F", units: 5 }] })).toMatchObject({
    orderId: null,
  });
  expect(after.simulator.channel.sell({ reference: "r1", lines: [] }).orderId).toBe(sale.orderId);
  const fresh = after.simulator.channel.sell({ reference: "r5", lines: [{ sku: "A", units: 1 }] });
  expect(truth.orders.map(({ orderId }) => orderId)).not.toContain(fresh.orderId);
  clock.advance(300_000);
  const found = await after.call("GET", ordersPath, { query: { lastUpdatedAfter: "2026-01-01T00:00:00Z" } });
  expect((found.body as { orders: unknown[] }).orders).toHaveLength(4);
  await after.simulator.close();
});

test("orders still pending at a restart get their payment afterwards", async () => {
  const options = { journalPath: join(folder, "journal.jsonl"), pendingMs: 30 };
  const before = await startSeller(options);
  before.simulator.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  const { orderId } = before.simulator.channel.sell({ reference: "r", lines: [{ sku: "A", units: 1 }] });
  await before.simulator.close();

  const after = await startSeller(options);

  await expect
    .poll(async () => {
      const answer = await after.call("GET", `${ordersPath}/${orderId}`, { query: { includedData: "FULFILLMENT" } });
      return JSON.stringify(answer.body);
    })
    .toContain('"UNSHIPPED"');
  await after.simulator.close();
});

test("a token given out before a restart is still good after it", async () => {
  const options = { journalPath: join(folder, "journal.jsonl") };
  const before = await startSeller(options);
  before.simulator.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  const { access_token } = (await before.token()).body as { access_token: string };
  await before.simulator.close();

  const after = await startSeller(options);

  expect((await after.call("GET", itemPath("A"), { query: here, token: access_token })).status).toBe(200);
  await after.simulator.close();
});
