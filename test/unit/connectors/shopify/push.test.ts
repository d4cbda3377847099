import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import type { ListingWrite } from "../../../../src/connectors/connector.ts";
import {
  contract,
  createBench,
  item,
  levelOf,
  location,
  okData,
  type Reply,
  type Sent,
  serveGraphql,
} from "./support.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());

const details = { tracked: true, isActive: true };
const write = (id: number, units: number, expectedUnits: number | null = 1): ListingWrite => ({
  ref: item(id),
  details,
  units,
  expectedUnits,
});
const group = { id: "gid://shopify/InventoryAdjustmentGroup/54640716251442" };
type RowError = { readonly field: readonly string[] | null; readonly code: string };
const answer = (userErrors: readonly RowError[] = []): Reply =>
  okData({
    inventorySetQuantities: {
      inventoryAdjustmentGroup: userErrors.length === 0 ? group : null,
      userErrors: userErrors.map((error) => ({ ...error, message: "wording varies" })),
    },
  });
const rowError = (index: number, code: string, last = "changeFromQuantity"): RowError => ({
  field: ["input", "quantities", String(index), last],
  code,
});

const Input = z.object({
  input: z.object({
    name: z.string(),
    reason: z.string(),
    referenceDocumentUri: z.string(),
    quantities: z.array(
      z.strictObject({
        inventoryItemId: z.string(),
        locationId: z.string(),
        quantity: z.number(),
        changeFromQuantity: z.number().nullable(),
      }),
    ),
  }),
  key: z.string(),
});
const sentRows = (sent: Sent | undefined): string[] =>
  Input.parse(sent?.variables).input.quantities.map((row) => row.inventoryItemId);
const keyOf = (sent: Sent | undefined): string => Input.parse(sent?.variables).key;

test("a push sets available by compare-and-set, with null only where nothing was ever read", async () => {
  const { connector, context } = createBench();
  const sent = serveGraphql({}, () => answer());
  const outcomes = await connector.pushQuantities(
    [write(1, 5, 7), write(2, 0, null), write(3, 4, -2)],
    "attempt-1",
    context,
  );
  expect(outcomes).toEqual([1, 2, 3].map((id) => ({ ref: item(id), status: "accepted", receipt: group.id })));
  expect(sent).toHaveLength(1);
  const { input, key } = Input.parse(sent[0]?.variables);
  expect(key).toBe("attempt-1");
  expect(input).toEqual({
    name: "available",
    reason: "correction",
    referenceDocumentUri: "gid://lockstep/PushAttempt/attempt-1",
    quantities: [
      { inventoryItemId: item(1), locationId: location, quantity: 5, changeFromQuantity: 7 },
      { inventoryItemId: item(2), locationId: location, quantity: 0, changeFromQuantity: null },
      { inventoryItemId: item(3), locationId: location, quantity: 4, changeFromQuantity: -2 },
    ],
  });
});

test("the recorded answer to a set and the recorded no-op are both success", async () => {
  const recorded = contract(
    "recorded/inventory/inventory-quantity-contracts-2026-04.json",
    z.object({ inventorySetQuantities: z.object({ response: z.unknown() }) }),
  );
  const samples = contract("samples/graphql.responses.json", z.object({ noop_set: z.object({ body: z.unknown() }) }));
  const replies = [recorded.inventorySetQuantities.response, samples.noop_set.body];
  const { connector, context } = createBench();
  serveGraphql({}, () => ({ status: 200, body: replies.shift() }));
  expect(await connector.pushQuantities([write(1, 5, 0)], "a", context)).toEqual([
    { ref: item(1), status: "accepted", receipt: group.id },
  ]);
  expect(await connector.pushQuantities([write(1, 5, 5)], "b", context)).toEqual([
    { ref: item(1), status: "accepted", receipt: null },
  ]);
});

test("a stale row is a conflict and the other rows go out again under a new key", async () => {
  const replies = [answer([rowError(1, "CHANGE_FROM_QUANTITY_STALE")]), answer()];
  const { connector, context } = createBench();
  const sent = serveGraphql({}, () => replies.shift());
  const outcomes = await connector.pushQuantities([write(1, 5), write(2, 5), write(3, 5)], "attempt-1", context);
  expect(outcomes.map(({ ref, status }) => [ref, status])).toEqual([
    [item(2), "conflict"],
    [item(1), "accepted"],
    [item(3), "accepted"],
  ]);
  expect(sent.map(sentRows)).toEqual([
    [item(1), item(2), item(3)],
    [item(1), item(3)],
  ]);
  expect(keyOf(sent[1])).not.toBe("attempt-1");
});

test("the keys of a repeated attempt are the same as the first time, and differ when a row differs", async () => {
  const keysOf = async (units: number): Promise<string[]> => {
    const replies = [answer([rowError(0, "INVALID_INVENTORY_ITEM", "inventoryItemId")]), answer()];
    const { connector, context } = createBench();
    const sent = serveGraphql({}, () => replies.shift());
    await connector.pushQuantities([write(1, 5), write(2, units)], "attempt-1", context);
    nock.cleanAll();
    return sent.map(keyOf);
  };
  const first = await keysOf(5);
  expect(await keysOf(5)).toEqual(first);
  expect((await keysOf(6))[1]).not.toBe(first[1]);
});

test("the recorded rejection of an unknown item refuses that listing for good", async () => {
  const recorded = contract(
    "recorded/inventory/inventory-quantity-contracts-2026-04.json",
    z.object({ unknownIdValidation: z.object({ setUnknownInventoryItem: z.object({ response: z.unknown() }) }) }),
  );
  const replies = [{ status: 200, body: recorded.unknownIdValidation.setUnknownInventoryItem.response }, answer()];
  const { connector, context } = createBench();
  serveGraphql({}, () => replies.shift());
  const outcomes = await connector.pushQuantities([write(1, 3), write(2, 3)], "attempt-1", context);
  expect(outcomes[0]).toMatchObject({ ref: item(1), status: "refused", retry: "never" });
  expect(outcomes[1]).toMatchObject({ ref: item(2), status: "accepted" });
});

test("an error that names no row is found by halving the batch", async () => {
  const { connector, context } = createBench();
  const sent = serveGraphql({}, (call) =>
    sentRows(call).includes(item(3)) ? answer([{ field: null, code: "NON_MUTABLE_INVENTORY_ITEM" }]) : answer(),
  );
  const outcomes = await connector.pushQuantities(
    [1, 2, 3, 4].map((id) => write(id, 5)),
    "attempt-1",
    context,
  );
  expect(new Map(outcomes.map(({ ref, status }) => [ref, status]))).toEqual(
    new Map([
      [item(1), "accepted"],
      [item(2), "accepted"],
      [item(3), "refused"],
      [item(4), "accepted"],
    ]),
  );
  expect(new Set(sent.map(keyOf)).size).toBe(sent.length);
});

test("a batch of nothing but bad rows ends in one outcome a row within a bounded number of calls", async () => {
  const { connector, context } = createBench();
  const sent = serveGraphql({}, () => answer([{ field: null, code: "NON_MUTABLE_INVENTORY_ITEM" }]));
  const outcomes = await connector.pushQuantities(
    Array.from({ length: 60 }, (_, id) => write(id, 5)),
    "attempt-1",
    context,
  );
  expect(new Set(outcomes.map(({ ref }) => ref)).size).toBe(60);
  expect(outcomes.every(({ status }) => status === "refused")).toBe(true);
  expect(sent.length).toBeLessThanOrEqual(24);
});

test.each([
  ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH", { status: "refused", retry: "later" }],
  ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", { status: "refused", retry: "later" }],
  ["INVALID_REASON", { status: "refused", retry: "never" }],
])("%s is the fate of the whole batch, without another call", async (code, expected) => {
  const { connector, context } = createBench();
  const sent = serveGraphql({}, () => answer([{ field: null, code }]));
  const outcomes = await connector.pushQuantities([write(1, 5), write(2, 5)], "attempt-1", context);
  expect(outcomes).toHaveLength(2);
  for (const outcome of outcomes) expect(outcome).toMatchObject(expected);
  expect(sent).toHaveLength(1);
});

test("a first request still at work is asked about with the same key and body, and unknown in the end", async () => {
  const inProgress = answer([{ field: null, code: "IDEMPOTENCY_CONCURRENT_REQUEST" }]);
  const replies = [inProgress, inProgress, answer()];
  const { connector, context } = createBench();
  const sent = serveGraphql({}, () => replies.shift());
  expect(await connector.pushQuantities([write(1, 5)], "attempt-1", context)).toMatchObject([{ status: "accepted" }]);
  expect(sent.map(({ variables }) => variables)).toEqual(Array.from({ length: 3 }, () => sent[0]?.variables));
  nock.cleanAll();
  serveGraphql({}, () => inProgress);
  expect(await connector.pushQuantities([write(1, 5)], "attempt-2", context)).toMatchObject([{ status: "unknown" }]);
});

const shows = (...levels: readonly (readonly [number, number])[]): Record<string, unknown> => ({
  nodes: ({ ids }: { ids: readonly string[] }) =>
    ids.map((id) => {
      const found = levels.find(([number]) => item(number) === id);
      return found === undefined
        ? null
        : { __typename: "InventoryItem", id, tracked: true, inventoryLevel: levelOf(found[1]) };
    }),
});
const operationsOf = (sent: readonly Sent[]): string[] => sent.map(({ operation }) => operation);
const stale = (index: number): RowError => rowError(index, "CHANGE_FROM_QUANTITY_STALE");

test("a lowering whose answer is lost is repeated once, with the same key and body", async () => {
  const replies: (Reply | "drop")[] = ["drop", answer()];
  const { connector, context } = createBench();
  const sent = serveGraphql({}, () => replies.shift());
  expect(await connector.pushQuantities([write(1, 2, 7)], "attempt-1", context)).toMatchObject([
    { status: "accepted" },
  ]);
  expect(operationsOf(sent)).toEqual(["SetQuantities", "SetQuantities"]);
  expect(sent[1]?.variables).toEqual(sent[0]?.variables);
});

test("stale after a lost answer: a level that shows its target was written by us, any other is a conflict", async () => {
  const replies: (Reply | "drop")[] = ["drop", answer([stale(0), stale(1)])];
  const { connector, context } = createBench();
  const sent = serveGraphql(shows([1, 2], [2, 4]), (call) =>
    call.operation === "SetQuantities" ? replies.shift() : undefined,
  );
  const outcomes = await connector.pushQuantities([write(1, 2, 7), write(2, 3, 9)], "attempt-1", context);
  expect(outcomes.map(({ status }) => status)).toEqual(["accepted", "conflict"]);
  expect(operationsOf(sent)).toEqual(["SetQuantities", "SetQuantities", "ReadLevels"]);
});

test.each([
  ["a raise", write(1, 5, 1)],
  ["a row that was never read", write(1, 5, null)],
])("%s whose answer is lost is never repeated, only looked at", async (_, row) => {
  for (const [shown, status] of [
    [5, "accepted"],
    [1, "unknown"],
  ] as const) {
    const { connector, context } = createBench();
    nock.cleanAll();
    const sent = serveGraphql(shows([1, shown]), (call) => (call.operation === "SetQuantities" ? "drop" : undefined));
    expect(await connector.pushQuantities([row], "attempt-1", context)).toMatchObject([{ status }]);
    expect(operationsOf(sent)).toEqual(["SetQuantities", "ReadLevels"]);
  }
});

test("a lost answer of which nothing can be learned is ambiguous", async () => {
  const { connector, context } = createBench();
  const sent = serveGraphql({}, () => "drop");
  await expect(connector.pushQuantities([write(1, 5)], "attempt-1", context)).rejects.toMatchObject({
    kind: "retryable",
    ambiguous: true,
  });
  expect(sent.filter(({ operation }) => operation === "SetQuantities")).toHaveLength(1);
});

test("a lost answer to the second call leaves its rows unknown and keeps what is known", async () => {
  const replies: (Reply | "drop")[] = [answer([rowError(0, "CHANGE_FROM_QUANTITY_STALE")]), "drop"];
  const { connector, context } = createBench();
  serveGraphql({}, () => replies.shift());
  const outcomes = await connector.pushQuantities([write(1, 5), write(2, 5)], "attempt-1", context);
  expect(outcomes.map(({ status }) => status)).toEqual(["conflict", "unknown"]);
});

test("an abort while the answer is awaited is ambiguous, one before sending is not", async () => {
  const { connector } = createBench();
  const controller = new AbortController();
  serveGraphql({}, () => {
    controller.abort(new Error("lease lost"));
    return answer();
  });
  const context = { accountId: "shop-one", signal: controller.signal };
  await expect(connector.pushQuantities([write(1, 5)], "a", context)).rejects.toMatchObject({ ambiguous: true });
  await expect(connector.pushQuantities([write(1, 5)], "b", context)).rejects.toThrow("lease lost");
});

test("a server error and a timeout of the channel leave a write ambiguous", async () => {
  const replies: Reply[] = [
    { status: 503, body: "" },
    { status: 200, body: { errors: [{ message: "Timeout", extensions: { code: "TIMEOUT" } }] } },
    { status: 200, body: "<html>" },
  ];
  const { connector, context } = createBench();
  const sent = serveGraphql(shows([1, 1]), ({ operation }) =>
    operation === "SetQuantities" ? replies.shift() : undefined,
  );
  for (const key of ["a", "b", "c"]) {
    expect(await connector.pushQuantities([write(1, 5)], key, context)).toMatchObject([{ status: "unknown" }]);
  }
  expect(operationsOf(sent).filter((operation) => operation === "SetQuantities")).toHaveLength(3);
});

test("an access error beside a complete payload does not hide that the write succeeded", async () => {
  const { connector, context, warnings } = createBench();
  serveGraphql({}, () => ({
    status: 200,
    body: {
      errors: [{ message: "Access denied for staffMember field.", extensions: { code: "ACCESS_DENIED" } }],
      data: { inventorySetQuantities: { inventoryAdjustmentGroup: group, userErrors: [] } },
    },
  }));
  expect(await connector.pushQuantities([write(1, 5)], "a", context)).toMatchObject([{ status: "accepted" }]);
  expect(warnings).toEqual(["errors beside a complete answer"]);
});

test("the recorded answers to a missing directive and a missing argument are permanent", async () => {
  const recorded = contract(
    "recorded/inventory/inventory-quantity-contracts-2026-04.json",
    z.object({
      missingSetIdempotency: z.object({ response: z.unknown() }),
      missingSetChangeFromQuantity: z.object({ response: z.unknown() }),
    }),
  );
  const replies = [recorded.missingSetIdempotency.response, recorded.missingSetChangeFromQuantity.response];
  const { connector, context } = createBench();
  serveGraphql({}, () => ({ status: 200, body: replies.shift() }));
  for (const code of ["BAD_REQUEST", "INVALID_FIELD_ARGUMENTS"]) {
    await expect(connector.pushQuantities([write(1, 5)], code, context)).rejects.toMatchObject({
      kind: "permanent",
      channelCode: code,
    });
  }
});

test.each([0, 124, 249])(
  "one bad row that is not named, the one at %i of 250, holds up none of the others",
  async (bad) => {
    const { connector, context } = createBench();
    const sent = serveGraphql({}, (call) =>
      sentRows(call).includes(item(bad)) ? answer([{ field: null, code: "NON_MUTABLE_INVENTORY_ITEM" }]) : answer(),
    );
    const batch = Array.from({ length: 250 }, (_, id) => write(id, 5));
    const outcomes = await connector.pushQuantities(batch, "attempt-1", context);
    expect(outcomes.filter(({ status }) => status === "accepted")).toHaveLength(249);
    expect(outcomes.find(({ ref }) => ref === item(bad))).toMatchObject({
      status: "refused",
      retry: "never",
      reason: expect.stringContaining("NON_MUTABLE_INVENTORY_ITEM"),
    });
    expect(sent.length).toBeLessThanOrEqual(17);
  },
);

test("a bundle's parent is refused without a call", async () => {
  const { connector, context } = createBench();
  const sent = serveGraphql({}, () => answer());
  const bundle = { ...write(1, 5), details: { ...details, isBundle: true } };
  expect(await connector.pushQuantities([bundle], "attempt-1", context)).toMatchObject([
    { status: "refused", retry: "never", reason: expect.stringContaining("bundle") },
  ]);
  expect(sent).toHaveLength(0);
});

test("untracked items and inactive levels are refused without a call, since a write would sell nothing", async () => {
  const { connector, context } = createBench();
  const sent = serveGraphql({}, () => answer());
  const outcomes = await connector.pushQuantities(
    [
      { ref: item(1), details: { tracked: false, isActive: true }, units: 5, expectedUnits: null },
      { ref: item(2), details: { tracked: true, isActive: false }, units: 5, expectedUnits: 3 },
    ],
    "attempt-1",
    context,
  );
  expect(outcomes.map((outcome) => (outcome.status === "refused" ? outcome.retry : outcome.status))).toEqual([
    "never",
    "never",
  ]);
  expect(sent).toHaveLength(0);
});

test("more rows than one call takes are sent in several calls under several keys", async () => {
  const { connector, context } = createBench();
  const sent = serveGraphql({}, () => answer());
  const outcomes = await connector.pushQuantities(
    Array.from({ length: 251 }, (_, id) => write(id + 1, 5)),
    "attempt-1",
    context,
  );
  expect(outcomes).toHaveLength(251);
  expect(sent.map((call) => sentRows(call).length)).toEqual([250, 1]);
  expect(new Set(sent.map(keyOf)).size).toBe(2);
});
