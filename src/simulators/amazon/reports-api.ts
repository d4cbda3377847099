import { gzipSync } from "node:zlib";
import { z } from "zod";
import { toIso } from "../../core/clock.ts";
import type { Timers } from "../kit/timers.ts";
import { amazonChannelCode, merchantChannelCode } from "./account.ts";
import { type Answer, invalidInput, notFound, ok } from "./answers.ts";
import type { DocumentStore } from "./documents.ts";
import type { Call, Handler } from "./gate.ts";
import type { Identifiers } from "./identifiers.ts";
import { buyableUnits, type Listing, type World } from "./world.ts";

type Report = {
  readonly reportId: string;
  readonly createdMs: number;
  readonly marketplaceIds: readonly string[];
  state: "IN_QUEUE" | "DONE" | "CANCELLED";
  documentId?: string;
};

export type ReportsDeps = {
  readonly world: World;
  readonly documents: DocumentStore;
  readonly identifiers: Identifiers;
  readonly timers: Timers;
  readonly nowMs: () => number;
  readonly delayMs: () => number;
  readonly speedUp: number;
  readonly origin: () => string;
};

const reportType = "GET_MERCHANT_LISTINGS_ALL_DATA";
/** Asked again sooner, a report is cancelled: no data is no empty catalogue (channel document §10). */
const tooSoonMs = 15 * 60_000;
const CreateReport = z.object({ reportType: z.string(), marketplaceIds: z.array(z.string()) });

/** Reports 2021-06-30: the merchant listings report, as of its creation. */
export const reportsHandlers = (deps: ReportsDeps): Readonly<Record<string, Handler>> => {
  const { world, documents, identifiers, timers, nowMs } = deps;
  const reports = new Map<string, Report>();
  let lastDoneMs = Number.NEGATIVE_INFINITY;
  const sellers = (handle: (call: Call) => Answer): Handler => ({ audience: "seller", handle });

  const make = (report: Report): void => {
    const isTooSoon = report.createdMs - lastDoneMs < tooSoonMs / deps.speedUp;
    if (isTooSoon || world.listings.size === 0) {
      report.state = "CANCELLED";
      return;
    }
    lastDoneMs = report.createdMs;
    const documentId = `amzn1.spdoc.${identifiers.uuid(`report:${report.reportId}`)}`;
    // Titles are written as the real report writes them: in one byte a letter, undeclared.
    const content = Buffer.from(renderListings([...world.listings.values()]), "latin1");
    documents.put(documentId, "text/tab-separated-values", gzipSync(content), true);
    report.documentId = documentId;
    report.state = "DONE";
  };
  return {
    createReport: sellers((call) => {
      const asked = CreateReport.parse(call.body);
      if (asked.reportType !== reportType) return invalidInput(`Invalid reportType: ${asked.reportType}`);
      const reportId = String(60_000_000_000 + reports.size + 1);
      const { marketplaceIds } = asked;
      const report: Report = { reportId, createdMs: nowMs(), marketplaceIds, state: "IN_QUEUE" };
      reports.set(reportId, report);
      timers.after(deps.delayMs(), () => make(report));
      return ok({ reportId }, 202);
    }),
    getReport: sellers((call) => {
      const report = reports.get(call.path["reportId"] ?? "");
      if (report === undefined) return notFound("Report not found.");
      return ok({
        reportId: report.reportId,
        reportType,
        marketplaceIds: report.marketplaceIds,
        createdTime: toIso(report.createdMs),
        processingStatus: report.state,
        ...(report.documentId === undefined ? {} : { reportDocumentId: report.documentId }),
      });
    }),
    getReportDocument: sellers((call) => {
      const reportDocumentId = call.path["reportDocumentId"] ?? "";
      if (documents.find(reportDocumentId)?.content === undefined) return notFound("Document not found.");
      const url = `${deps.origin()}${documents.presign("GET", reportDocumentId)}`;
      return ok({ reportDocumentId, url, compressionAlgorithm: "GZIP" });
    }),
  };
};

const columns = [
  "item-name",
  "item-description",
  "listing-id",
  "seller-sku",
  "price",
  "quantity",
  "open-date",
  "product-id-type",
  "item-condition",
  "asin1",
  "product-id",
  "pending-quantity",
  "fulfillment-channel",
  "merchant-shipping-group",
  "status",
  "Minimum order quantity",
  "Sell remainder",
];

/** No quoting: a tab within a text would be a new column, so there is none. */
const renderListings = (listings: readonly Listing[]): string =>
  [columns, ...listings.map(rowOf)].map((cells) => `${cells.join("\t")}\r\n`).join("");

const rowOf = (listing: Listing): readonly string[] => {
  const isAmazons = listing.fulfilledBy === "channel";
  const cells: Readonly<Record<string, string>> = {
    "item-name": listing.title.replaceAll(/[\t\r\n]/g, " "),
    "seller-sku": listing.sku,
    price: "19.99",
    // Empty for what lies with Amazon: not 0 (channel document §10).
    quantity: isAmazons ? "" : String(buyableUnits(listing)),
    // Local time with a zone's abbreviation, as Amazon writes it.
    "open-date": `${toIso(listing.createdMs).slice(0, 19).replace("T", " ")} PST`,
    "fulfillment-channel": isAmazons ? amazonChannelCode : merchantChannelCode,
    // A sold-out listing is "Inactive" here.
    status: isAmazons || buyableUnits(listing) > 0 ? "Active" : "Inactive",
  };
  return columns.map((name) => cells[name] ?? "");
};
