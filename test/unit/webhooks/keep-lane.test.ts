import { expect, test } from "vitest";
import type { KeptDelivery } from "../../../src/sync/inbox.ts";
import { createKeepLanes, KeepLaneFullError } from "../../../src/webhooks/keep-lane.ts";

const kept = (id: string): KeptDelivery => ({ delivery: { id, topic: "t", payload: null, sourceAt: null } });

test("deliveries that come while one is being kept share the next insert", async () => {
  const batches: string[][] = [];
  const gate = Promise.withResolvers<void>();
  const keep = createKeepLanes(async (_accountId, _door, deliveries) => {
    batches.push(deliveries.map((one) => one.delivery.id));
    if (batches.length === 1) await gate.promise;
    return deliveries.length;
  });
  const all = ["1", "2", "3"].map((id) => keep("a", kept(id)));
  const elsewhere = keep("b", kept("9"));
  await elsewhere;
  gate.resolve();
  await Promise.all(all);
  expect(batches).toEqual([["1"], ["9"], ["2", "3"]]);
});

test("a delivery that cannot be kept fails alone", async () => {
  const gate = Promise.withResolvers<void>();
  let first = true;
  const keep = createKeepLanes(async (_accountId, _door, deliveries) => {
    if (first) {
      first = false;
      await gate.promise;
    }
    if (deliveries.some((one) => one.delivery.id === "bad")) throw new Error("no");
    return deliveries.length;
  });
  const outcomes = Promise.allSettled(["1", "bad", "3"].map((id) => keep("a", kept(id))));
  gate.resolve();
  expect((await outcomes).map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("a lane that is full says so instead of growing", async () => {
  const gate = Promise.withResolvers<void>();
  const keep = createKeepLanes(async (_accountId, _door, deliveries) => {
    await gate.promise;
    return deliveries.length;
  });
  const waiting = Array.from({ length: 2_001 }, (_, index) => keep("a", kept(String(index))));
  await expect(keep("a", kept("one too many"))).rejects.toBeInstanceOf(KeepLaneFullError);
  gate.resolve();
  await Promise.all(waiting);
});
