import { deflateRawSync, gzipSync } from "node:zlib";
import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ListingReport, ReportedListing } from "../../../../src/connectors/connector.ts";
import { type Bench, createBench, errorRow, failureOf, grantTokens, host } from "./harness.ts";

const taskPath = "/sell/feed/v1/inventory_task";
const filePath = "/sell/feed/v1/task/task-1/download_result_file";
const document = (rows: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><BulkDataExchangeResponses xmlns="urn:ebay:apis:eBLBaseComponents"><ActiveInventoryReport>${rows}</ActiveInventoryReport></BulkDataExchangeResponses>`;
const sample = document(
  "<SKUDetails><SKU>Tür &amp; Tor</SKU><Price>1</Price><Quantity>4</Quantity><ItemID>110</ItemID></SKUDetails>" +
    "<SKUDetails><Quantity>1</Quantity><ItemID>111</ItemID></SKUDetails>" +
    "<SKUDetails><Variations><Variation><SKU>R</SKU><Quantity>2</Quantity></Variation><Variation><Quantity>3</Quantity></Variation></Variations><ItemID>112</ItemID></SKUDetails>",
);
const listings = [
  { listingRefs: ["sku:Tür & Tor", "item:110"], channelSku: "Tür & Tor", units: 4 },
  { listingRefs: ["item:111"], channelSku: null, units: 1 },
  { listingRefs: ["sku:R", "item:112/sku:R"], channelSku: "R", units: 2 },
  { listingRefs: [], channelSku: null, units: 3 },
];

/** A ZIP's local file header and data; a reader of streams needs no more of it. */
const zip = (content: Buffer, method: number): Buffer => {
  const data = method === 8 ? deflateRawSync(content) : content;
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(method, 8);
  header.writeUInt32LE(data.length, 18);
  header.writeUInt16LE(5, 26);
  header.writeUInt16LE(3, 28);
  return Buffer.concat([header, Buffer.from("a.xmlEXT"), data, Buffer.from("PK\u0001\u0002 directory")]);
};

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());

const reportOf = ({ connector }: Bench): ListingReport => {
  if (connector.listingReport === undefined) throw new Error("expected a report");
  return connector.listingReport;
};
const rowsOf = async (bench: Bench): Promise<readonly ReportedListing[]> => {
  const rows: ReportedListing[] = [];
  for await (const row of reportOf(bench).rows("task-1", bench.context)) rows.push(row);
  return rows;
};

test("a report is asked for, waited for, and named by its task", async () => {
  nock(host)
    .post(taskPath, { feedType: "LMS_ACTIVE_INVENTORY_REPORT", schemaVersion: "1.0" })
    .reply(202, "", { Location: `${host}${taskPath}/task-1` });
  for (const status of ["QUEUED", "IN_PROCESS", "COMPLETED", "FAILED"])
    nock(host).get(`${taskPath}/task-1`).reply(200, { taskId: "task-1", status });
  const bench = createBench();
  const report = reportOf(bench);
  expect(await report.request(bench.context)).toBe("task-1");
  const seen: string[] = [];
  for (let at = 0; at < 4; at += 1) seen.push(await report.progress("task-1", bench.context));
  expect(seen).toEqual(["pending", "pending", "ready", "failed"]);
});

test.each([
  { form: "a deflated ZIP", file: zip(Buffer.from(sample), 8) },
  { form: "a stored ZIP", file: zip(Buffer.from(sample), 0) },
  { form: "gzip", file: gzipSync(sample) },
  { form: "plain XML", file: Buffer.from(sample) },
])("the file may be $form", async ({ file }) => {
  nock(host).get(filePath).reply(200, file);
  expect(await rowsOf(createBench())).toEqual(listings);
});

test.each([
  { why: "breaks off in its XML", file: gzipSync(sample.slice(0, -60)) },
  { why: "breaks off in its packing", file: gzipSync(sample).subarray(0, -20) },
  { why: "is packed in a way we do not know", file: zip(Buffer.from(sample), 14) },
  { why: "is an error page", file: Buffer.from("<html>sorry, not now, come again some other day</html>") },
])("a report that $why is an error, not the end of listings", async ({ file }) => {
  nock(host).get(filePath).reply(200, file);
  expect(await failureOf(rowsOf(createBench()))).toMatchObject({ kind: "retryable" });
});

test("a large report streams by", async () => {
  const rows = Array.from(
    { length: 20_000 },
    (_, at) => `<SKUDetails><SKU>S${at}</SKU><Quantity>${at}</Quantity><ItemID>${at}</ItemID></SKUDetails>`,
  );
  nock(host)
    .get(filePath)
    .reply(200, zip(Buffer.from(document(rows.join("\n"))), 8));
  const found = await rowsOf(createBench());
  expect(found).toHaveLength(20_000);
  expect(found.at(-1)).toEqual({ listingRefs: ["sku:S19999", "item:19999"], channelSku: "S19999", units: 19_999 });
});

test("the 26th report of a day is a throttle of an hour", async () => {
  nock(host)
    .post(taskPath)
    .reply(409, { errors: [{ ...errorRow(160025), category: "BUSINESS" }] });
  const bench = createBench();
  expect(await failureOf(reportOf(bench).request(bench.context))).toMatchObject({
    kind: "throttled",
    retryAfterMs: 3_600_000,
  });
});
