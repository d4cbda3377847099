import { readFileSync } from "node:fs";
import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import type { DatedReading } from "../../../../src/connectors/connector.ts";
import {
  type Bench,
  contract,
  createBench,
  item,
  location,
  okData,
  type Reply,
  type Sent,
  serveGraphql,
} from "./support.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());

const storage = "https://storage.test";
const id = "gid://shopify/BulkOperation/7933223797042";
const begun = okData({ bulkOperationRunQuery: { bulkOperation: { id }, userErrors: [] } });
const state = (status: string, more: object = {}): Reply =>
  okData({ bulkOperation: { id, status, errorCode: null, url: null, partialDataUrl: null, ...more } });
const serve = (states: Reply[]): Sent[] =>
  serveGraphql({}, ({ operation }) => (operation === "BulkRun" ? begun : states.shift()));
const readAll = async (bench: Bench): Promise<DatedReading[]> => {
  const readings: DatedReading[] = [];
  for await (const reading of bench.connector.readEverything?.(bench.context) ?? []) readings.push(reading);
  return readings;
};
const itemLine = (number: number, tracked = true): string => JSON.stringify({ id: item(number), sku: "A", tracked });
const levelLine = (number: number, available: number, more: object = {}): string =>
  JSON.stringify({
    id: `gid://shopify/InventoryLevel/1?inventory_item_id=${number}`,
    isActive: true,
    updatedAt: "2026-11-20T11:00:00Z",
    location: { id: location },
    quantities: [{ name: "available", quantity: available }],
    __parentId: item(number),
    ...more,
  });
const file = (lines: readonly string[]): void => {
  nock(storage, { badheaders: ["x-shopify-access-token"] })
    .get("/file")
    .query(true)
    .reply(200, lines.map((line) => `${line}\n`).join(""));
};
const completed = state("COMPLETED", { url: `${storage}/file?signature=x` });
const at = "2026-11-20T11:00:00.000Z";

test("an operation is begun, waited for, and its file read a line at a time, levels after other items", async () => {
  const bench = createBench();
  const sent = serve([state("CREATED"), state("RUNNING"), completed]);
  file([
    itemLine(1),
    itemLine(2, false),
    itemLine(3),
    levelLine(2, 4),
    levelLine(1, -3),
    levelLine(1, 9, { location: { id: "gid://shopify/Location/1" } }),
    itemLine(4),
    levelLine(4, 7, { isActive: false }),
  ]);
  expect(await readAll(bench)).toEqual([
    { ref: item(2), units: null, reason: "inventory is not tracked", at },
    { ref: item(1), units: -3, at },
    { ref: item(4), units: null, reason: "not sellable here: inactive at the location", at },
    { ref: item(3), units: null, reason: "not sellable here: not stocked at the location", at: null },
  ]);
  expect(sent.map(({ operation }) => operation)).toEqual(["BulkRun", "BulkState", "BulkState", "BulkState"]);
});

test("the documented sample's levels are told to their items, and locations that are not ours left out", async () => {
  const bench = createBench();
  serve([completed]);
  const sample = readFileSync(
    new URL("../../../../contracts/shopify/samples/bulk.inventory.jsonl", import.meta.url),
    "utf8",
  );
  // Composed for a query that asked less: what ours asks besides is filled in.
  const lines = sample
    .trim()
    .split("\n")
    .map((line) => ({ ...z.record(z.string(), z.unknown()).parse(JSON.parse(line)), isActive: true, updatedAt: at }));
  file(lines.map((line) => JSON.stringify(line)));
  expect(await readAll(bench)).toEqual([
    { ref: item(1), units: 5, at },
    { ref: item(2), units: null, reason: "inventory is not tracked", at: null },
  ]);
});

test("a shop without a single item has no file", async () => {
  const bench = createBench();
  serve([state("COMPLETED")]);
  expect(await readAll(bench)).toEqual([]);
});

test("a failed operation yields the part it has, and then says that it is a part", async () => {
  const bench = createBench();
  serve([state("FAILED", { errorCode: "INTERNAL_SERVER_ERROR", partialDataUrl: `${storage}/file` })]);
  file([itemLine(1), levelLine(1, 5)]);
  const readings: DatedReading[] = [];
  const reading = (async () => {
    for await (const one of bench.connector.readEverything?.(bench.context) ?? []) readings.push(one);
  })();
  await expect(reading).rejects.toMatchObject({ kind: "retryable" });
  expect(readings).toEqual([{ ref: item(1), units: 5, at }]);
});

test.each([
  ["CANCELED", null, "retryable"],
  ["EXPIRED", null, "retryable"],
  ["FAILED", "TIMEOUT", "retryable"],
  ["FAILED", "ACCESS_DENIED", "auth"],
])("an operation that ended as %s with %s is %s", async (status, errorCode, kind) => {
  const bench = createBench();
  serve([state(status, { errorCode })]);
  await expect(readAll(bench)).rejects.toMatchObject({ kind });
});

test("a sixth operation, refused as recorded, is throttled; a query that the channel refuses is permanent", async () => {
  const Recorded = z.object({ response: z.unknown() });
  const { sixthRun } = contract(
    "recorded/bulk/bulk-operation-run-query-concurrency-limit.json",
    z.object({ sixthRun: Recorded }),
  );
  const { validations } = contract(
    "recorded/bulk/bulk-operation-run-query-user-error-codes.json",
    z.object({ validations: z.object({ noConnectionWithCode: Recorded }) }),
  );
  for (const [recorded, expected] of [
    [sixthRun, { kind: "throttled", retryAfterMs: 30_000, channelCode: "OPERATION_IN_PROGRESS" }],
    [validations.noConnectionWithCode, { kind: "permanent", channelCode: "INVALID" }],
  ] as const) {
    nock.cleanAll();
    serveGraphql({}, () => ({ status: 200, body: recorded.response }));
    await expect(readAll(createBench())).rejects.toMatchObject(expected);
  }
});

test("a file that is gone, and a line that is cut, are errors", async () => {
  serve([completed]);
  nock(storage).get("/file").query(true).reply(404, "");
  await expect(readAll(createBench())).rejects.toMatchObject({ kind: "permanent", channelCode: "404" });
  nock.cleanAll();
  serve([completed]);
  file([itemLine(1), levelLine(1, 5).slice(0, 40)]);
  await expect(readAll(createBench())).rejects.toMatchObject({ kind: "retryable" });
});
