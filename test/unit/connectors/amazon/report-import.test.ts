import { gzipSync } from "node:zlib";
import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ImportedListing } from "../../../../src/connectors/connector.ts";
import { requestComplaints, responseComplaints } from "./contract.ts";
import {
  apiOrigin,
  type Bench,
  bench,
  errorBody,
  givesTokens,
  restoreNetwork,
  uriOf,
  withoutNetwork,
} from "./harness.ts";

beforeEach(withoutNetwork);
afterEach(restoreNetwork);

const storeOrigin = "https://store.test";
const reports = "/reports/2021-06-30";
const header = "item-name\tlisting-id\tseller-sku\tprice\tquantity\topen-date\tfulfillment-channel\tstatus";
const row = (sku: string, quantity: string, channel = "DEFAULT", status = "Active") =>
  `Thing\tL1\t${sku}\t9.99\t${quantity}\t29/09/2025 16:19:39 BST\t${channel}\t${status}`;

/** A catalogue too large to be searched, so that reports are asked for. */
const tooMany = (): void => {
  nock(apiOrigin)
    .get("/listings/2021-08-01/items/ASELLER1")
    .query(true)
    .reply(200, { numberOfResults: 1_001, items: [], pagination: { nextToken: "t" } });
};
type Served = { readonly states?: readonly string[]; readonly contentType?: string; readonly gzipped?: boolean };
let requested: unknown[] = [];
/** One report, which goes through `states` and then has `content`. */
const reportOf = (
  number: number,
  content: Buffer | string,
  { states = ["DONE"], contentType, gzipped }: Served = {},
): void => {
  nock(apiOrigin)
    .post(`${reports}/reports`)
    .reply(async (request: Request) => {
      const body: unknown = await request.json();
      requested.push(body);
      expect(requestComplaints("POST", uriOf(request), body)).toEqual([]);
      return [202, { reportId: `r${number}` }];
    });
  for (const processingStatus of states) {
    const report = {
      reportId: `r${number}`,
      reportType: "GET_MERCHANT_LISTINGS_ALL_DATA",
      createdTime: "2026-09-01T10:00:00Z",
      processingStatus,
      ...(processingStatus === "DONE" ? { reportDocumentId: `d${number}` } : {}),
    };
    expect(responseComplaints("getReport", 200, report)).toEqual([]);
    nock(apiOrigin).get(`${reports}/reports/r${number}`).reply(200, report);
  }
  const document = {
    reportDocumentId: `d${number}`,
    url: `${storeOrigin}/d${number}?X-Amz-Signature=s`,
    ...(gzipped === true ? { compressionAlgorithm: "GZIP" } : {}),
  };
  expect(responseComplaints("getReportDocument", 200, document)).toEqual([]);
  nock(apiOrigin).get(`${reports}/documents/d${number}`).times(5).reply(200, document);
  const bytes = Buffer.from(content);
  nock(storeOrigin)
    .get(`/d${number}`)
    .query(true)
    .times(5)
    .reply((request: Request) => {
      expect(request.headers.get("x-amz-access-token")).toBeNull();
      return [
        200,
        gzipped === true ? gzipSync(bytes) : bytes,
        contentType === undefined ? {} : { "content-type": contentType },
      ];
    });
};
const one = { marketplaceIds: ["A1PA6795UKMFR9"] };
const importAll = async ({ connector, context }: Bench): Promise<readonly ImportedListing[]> => {
  const all: ImportedListing[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < 100; pages += 1) {
    const page = await connector.importListings(cursor, context);
    all.push(...page.items);
    cursor = page.next;
    if (page.done) return all;
  }
  throw new Error("no last page");
};
beforeEach(() => {
  requested = [];
  givesTokens();
  tooMany();
});

test("beyond 1,000 SKUs the import reads the report: rows by channel, sold out stays active, empty is not zero", async () => {
  const rows = [
    header,
    row("A", "3"),
    row("B", "0", "DEFAULT", "Inactive"),
    row("C", "4", "DEFAULT", "Inactive"),
    row("F", "", "AMAZON_EU"),
  ];
  reportOf(1, `${rows.join("\r\n")}\r\n`);
  const imported = await importAll(bench(one));
  expect(requested).toEqual([{ reportType: "GET_MERCHANT_LISTINGS_ALL_DATA", marketplaceIds: ["A1PA6795UKMFR9"] }]);
  expect(imported.map(({ ref, status, fulfilledBy, units }) => [ref, status, fulfilledBy, units])).toEqual([
    ["offer:DEFAULT:A", "active", "merchant", null],
    ["offer:DEFAULT:B", "active", "merchant", null],
    ["offer:DEFAULT:C", "inactive", "merchant", null],
    ["offer:AMAZON_EU:F", "active", "channel", null],
  ]);
  expect(imported[0]).toMatchObject({
    aliases: ["sku:A"],
    details: { sku: "A", channelCode: "DEFAULT", productType: "PRODUCT", marketplaceId: "A1PA6795UKMFR9" },
  });
});

test("each marketplace has a report of its own, the first marketplace's last", async () => {
  reportOf(1, [header, row("FR", "1")].join("\n"));
  reportOf(2, [header, row("DE", "1")].join("\n"));
  const imported = await importAll(bench());
  expect(imported.map(({ details }) => (details as { marketplaceId: string }).marketplaceId)).toEqual([
    "A13V1IB3VIYZZH",
    "A1PA6795UKMFR9",
  ]);
});

test("a report that is not ready is a wait, after which the import goes on with the same one", async () => {
  reportOf(1, [header, row("A", "1")].join("\n"), { states: ["IN_QUEUE", "IN_PROGRESS", "DONE"] });
  const { connector, context } = bench(one);
  const search = await connector.importListings(null, context);
  const asked = await connector.importListings(search.next, context);
  for (const _ of [1, 2]) {
    await expect(connector.importListings(asked.next, context)).rejects.toMatchObject({
      kind: "throttled",
      retryAfterMs: 15_000,
    });
  }
  expect(await connector.importListings(asked.next, context)).toMatchObject({
    done: true,
    items: [{ channelSku: "A" }],
  });
  expect(requested).toHaveLength(1);
});

test("a large report comes in pages out of one download; a lost connector reads on at the right row", async () => {
  const rows = Array.from({ length: 5_000 }, (_, index) => row(`SKU-${index}`, "1"));
  reportOf(1, [header, ...rows].join("\n"), { states: ["DONE", "DONE"], gzipped: true });
  const first = bench(one);
  const search = await first.connector.importListings(null, first.context);
  const asked = await first.connector.importListings(search.next, first.context);
  const page = await first.connector.importListings(asked.next, first.context);
  expect([page.items.length, page.done]).toEqual([2_000, false]);
  const second = bench(one);
  const next = await second.connector.importListings(page.next, second.context);
  const last = await second.connector.importListings(next.next, second.context);
  const all = [...page.items, ...next.items, ...last.items].map(({ channelSku }) => channelSku);
  expect(all).toEqual(rows.map((_, index) => `SKU-${index}`));
  expect(last.done).toBe(true);
});

const latin = (text: string): Buffer => Buffer.from(text, "latin1");
const shiftJis = Buffer.from([0x83, 0x7d, 0x83, 0x4f]); // マグ

test("amazon trap 21: titles in windows-1252 and Shift-JIS are read, a SKU in a guessed encoding is left out", async () => {
  const rows = latin(`${header}\nCafé\tL\tCAFE\t1\t1\td\tDEFAULT\tActive\nThing\tL\tCAFÉ\t1\t1\td\tDEFAULT\tActive\n`);
  reportOf(1, rows);
  const { logged, ...rest } = bench(one);
  const imported = await importAll({ logged, ...rest });
  expect(imported.map(({ channelSku, title }) => [channelSku, title])).toEqual([["CAFE", "Café"]]);
  expect(logged).toContainEqual(
    expect.objectContaining({ level: "warn", fields: expect.objectContaining({ count: 1 }) }),
  );
  tooMany();
  const japanese = Buffer.concat([
    Buffer.from(`${header}\n`),
    shiftJis,
    Buffer.from("\tL\tMUG\t1\t1\td\tDEFAULT\tActive\n"),
  ]);
  reportOf(2, japanese);
  expect(await importAll(bench({ ...one, region: "fe" }))).toMatchObject([{ channelSku: "MUG", title: "マグ" }]);
});

test("a declared encoding is believed, for SKUs too, and UTF-8 needs no declaration", async () => {
  reportOf(1, latin(`${header}\n${row("CAFÉ", "1")}\n`), {
    contentType: "text/tab-separated-values; charset=ISO-8859-1",
  });
  expect(await importAll(bench(one))).toMatchObject([{ channelSku: "CAFÉ" }]);
  tooMany();
  reportOf(2, `\ufeff${header}\n${row("CAFÉ-2", "1")}\n`);
  expect(await importAll(bench(one))).toMatchObject([{ channelSku: "CAFÉ-2" }]);
});

test("amazon trap 21: columns are found by name in either spelling, in any order, without status; quotes are letters", async () => {
  const drifted =
    "fulfilment-channel\tDeprecated column\tDeprecated column\tquantity\tseller-sku\tMinimum order quantity";
  reportOf(1, `${drifted}\nDEFAULT\t\t\t5\t"A""1"\t1\nDEFAULT\tcut off\n`);
  expect((await importAll(bench(one))).map(({ channelSku, status }) => [channelSku, status])).toEqual([
    ['"A""1"', "active"],
  ]);
});

test.each(["seller-sku", "quantity", "fulfillment-channel"])(
  "without a column %s nothing of the report is believed",
  async (name) => {
    reportOf(1, [header.replace(name, "gone"), row("A", "1")].join("\n"));
    const { connector, context, logged } = bench(one);
    const search = await connector.importListings(null, context);
    const asked = await connector.importListings(search.next, context);
    const page = await connector.importListings(asked.next, context);
    expect(page).toMatchObject({ items: [], done: false });
    expect(page.next).toContain("window");
    expect(JSON.stringify(logged)).toContain(`no column ${name}`);
  },
);

test("without the right to reports, or after an hour, the listings are read in windows", async () => {
  nock(apiOrigin).post(`${reports}/reports`).reply(400, errorBody("InvalidInput", "Invalid input"));
  const { connector, context, clock } = bench(one);
  const search = await connector.importListings(null, context);
  expect((await connector.importListings(search.next, context)).next).toContain("window");
  reportOf(1, "", { states: ["IN_PROGRESS", "IN_PROGRESS"] });
  const asked = await connector.importListings(search.next, context);
  await expect(connector.importListings(asked.next, context)).rejects.toMatchObject({ kind: "throttled" });
  clock.advance(3_700_000);
  expect((await connector.importListings(asked.next, context)).next).toContain("window");
});
