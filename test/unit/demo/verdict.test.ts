import { expect, test } from "vitest";
import type { Channel } from "../../../src/connectors/connector.ts";
import { compareLines, judgeOversells, lagsMs, percentile } from "../../../src/demo/verdict.ts";

const witness = (given: object) => ({
  orderId: "o",
  lineId: "1",
  sku: "A",
  orderedUnits: 3,
  cancelledUnits: 0,
  shippedUnits: 0,
  restockedUnits: 0,
  ...given,
});
const ours = (given: object) => ({
  orderRef: "o",
  lineRef: "1",
  sku: "A",
  holdUnits: 3,
  leftUnits: 0,
  backUnits: 0,
  ...given,
});
const books = (their: readonly object[], our: readonly object[]) => ({
  channel: "ebay" as const,
  witness: their.map(witness),
  ledger: our.map(ours),
  shown: new Map<string, number>(),
});

test.each([
  ["equal books", books([{}], [{}]), { lost: 0, invented: 0, doubled: 0 }],
  ["a sale that never reached us is lost", books([{}], []), { lost: 3, invented: 0, doubled: 0 }],
  ["a line the channel does not have is invented", books([], [{}]), { lost: 0, invented: 3, doubled: 0 }],
  ["a line counted twice is doubled", books([{}], [{ holdUnits: 6 }]), { lost: 0, invented: 0, doubled: 3 }],
  [
    "shipped units are no difference",
    books([{ shippedUnits: 3 }], [{ holdUnits: 0, leftUnits: 3 }]),
    { lost: 0, invented: 0, doubled: 0 },
  ],
  [
    "a cancellation we missed counts as doubled",
    books([{ cancelledUnits: 1 }], [{}]),
    { lost: 0, invented: 0, doubled: 1 },
  ],
] as const)("%s", (_name, given, expected) => {
  expect(compareLines(given)).toMatchObject(expected);
});

test("a unit is oversold by us when our write had put it back on sale", () => {
  const events = [
    { kind: "sale", atMs: 1, toldAtMs: 1, channel: "ebay", sku: "A", units: 2 },
    {
      kind: "write",
      atMs: 1_200,
      channel: "ebay",
      sku: "A",
      unitsBefore: 0,
      unitsAfter: 2,
      acceptedMs: 1_200,
      unitsWhenAccepted: 0,
    },
    { kind: "sale", atMs: 1_300, toldAtMs: 1_300, channel: "ebay", sku: "A", units: 1 },
  ] as const;
  expect(judgeOversells(new Map([["A", 2]]), events)).toEqual({ oversold: 1, oversoldByUs: 1, raisesPastTruth: 1 });
});

const raise = (channel: Channel, acceptedMs: number) => ({
  kind: "write" as const,
  atMs: acceptedMs,
  channel,
  sku: "A",
  unitsBefore: 0,
  unitsAfter: 2,
  acceptedMs,
  unitsWhenAccepted: 0,
});

test.each([
  ["told of in time, on another channel", "ebay", 3_900, "amazon", 1],
  ["told of too late to be counted, on another channel", "ebay", 4_100, "amazon", 0],
  ["told of after the write was taken", "ebay", 5_100, "amazon", 0],
  ["of the very listing, and not told of", "ebay", 9_000, "ebay", 1],
] as const)("a raise past a sale %s: ours or not", (_name, seller, toldAtMs, channel, oversoldByUs) => {
  const events = [
    { kind: "sale", atMs: 3_500, toldAtMs, channel: seller, sku: "A", units: 2 },
    raise(channel, 5_000),
    { kind: "sale", atMs: 5_200, toldAtMs: 5_200, channel, sku: "A", units: 1 },
  ] as const;
  expect(judgeOversells(new Map([["A", 2]]), events)).toMatchObject({ oversold: 1, oversoldByUs });
});

test.each([
  ["a channel that cannot compare: it was sold while the write was on its way", "ebay", 0],
  ["a channel that compares", "shopify", 1],
] as const)("a listing's own sale a moment before the write, on %s", (_name, channel, oversoldByUs) => {
  const events = [
    { kind: "sale", atMs: 4_700, toldAtMs: 9_000, channel, sku: "A", units: 2 },
    raise(channel, 5_000),
    { kind: "sale", atMs: 5_200, toldAtMs: 9_000, channel, sku: "A", units: 1 },
  ] as const;
  expect(judgeOversells(new Map([["A", 2]]), events)).toMatchObject({ oversold: 1, oversoldByUs });
});

test("a sale that both the listing and the order list made known counts once", () => {
  const events = [
    { kind: "sale", atMs: 1_000, toldAtMs: 1_500, channel: "ebay", sku: "A", units: 2 },
    { ...raise("ebay", 9_000), unitsAfter: 3 },
    { kind: "sale", atMs: 9_100, toldAtMs: 9_200, channel: "ebay", sku: "A", units: 3 },
  ] as const;
  expect(judgeOversells(new Map([["A", 5]]), events)).toEqual({ oversold: 0, oversoldByUs: 0, raisesPastTruth: 0 });
});

test("two channels that sell the last unit at once are a race, not ours", () => {
  const events = [
    { kind: "sale", atMs: 1, toldAtMs: 1, channel: "ebay", sku: "A", units: 1 },
    { kind: "sale", atMs: 2, toldAtMs: 2, channel: "amazon", sku: "A", units: 1 },
    {
      kind: "write",
      atMs: 3,
      channel: "amazon",
      sku: "A",
      unitsBefore: 0,
      unitsAfter: 0,
      acceptedMs: 3,
      unitsWhenAccepted: 0,
    },
  ] as const;
  expect(judgeOversells(new Map([["A", 1]]), events)).toEqual({ oversold: 1, oversoldByUs: 0, raisesPastTruth: 0 });
});

test("a sale while the channel was still applying our number is the channel's lag", () => {
  const events = [
    {
      kind: "write",
      atMs: 9,
      channel: "ebay",
      sku: "A",
      unitsBefore: 0,
      unitsAfter: 2,
      acceptedMs: 1,
      unitsWhenAccepted: 3,
    },
    { kind: "sale", atMs: 5, toldAtMs: 5, channel: "ebay", sku: "A", units: 3 },
    { kind: "sale", atMs: 10, toldAtMs: 10, channel: "ebay", sku: "A", units: 1 },
  ] as const;
  expect(judgeOversells(new Map([["A", 3]]), events)).toEqual({ oversold: 1, oversoldByUs: 0, raisesPastTruth: 0 });
});

test("a raise within what is truly left is no fault", () => {
  const events = [
    {
      kind: "write",
      atMs: 1,
      channel: "ebay",
      sku: "A",
      unitsBefore: 1,
      unitsAfter: 5,
      acceptedMs: 1,
      unitsWhenAccepted: 1,
    },
    { kind: "sale", atMs: 2, toldAtMs: 2, channel: "ebay", sku: "A", units: 5 },
  ] as const;
  expect(judgeOversells(new Map([["A", 5]]), events)).toEqual({ oversold: 0, oversoldByUs: 0, raisesPastTruth: 0 });
});

test("the lag of a sale is the time until another channel's next applied write", () => {
  const events = [
    { kind: "sale", atMs: 100, toldAtMs: 100, channel: "ebay", sku: "A", units: 1 },
    { kind: "sale", atMs: 150, toldAtMs: 150, channel: "ebay", sku: "A", units: 1 },
    {
      kind: "write",
      atMs: 400,
      channel: "amazon",
      sku: "A",
      unitsBefore: 5,
      unitsAfter: 3,
      acceptedMs: 400,
      unitsWhenAccepted: 5,
    },
    {
      kind: "write",
      atMs: 900,
      channel: "shopify",
      sku: "A",
      unitsBefore: 5,
      unitsAfter: 3,
      acceptedMs: 900,
      unitsWhenAccepted: 5,
    },
  ] as const;
  expect(lagsMs(events, "amazon")).toEqual([300, 250]);
  expect(lagsMs(events, "ebay")).toEqual([]);
});

test("percentiles are nearest rank, and none of nothing", () => {
  expect([percentile([5, 1, 3], 0.5), percentile([5, 1, 3], 0.99), percentile([], 0.5)]).toEqual([3, 5, null]);
});
