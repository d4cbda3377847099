import { z } from "zod";
import { toIso } from "../../core/clock.ts";
import { ChannelError } from "../../core/failure.ts";
import type { CallContext, ImportedListing } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { AmazonSettings } from "../settings.ts";
import { type AmazonClient, parseAnswer } from "./client.ts";
import type { Documents } from "./documents.ts";
import { type ReadRow, type ReportRow, readMerchantReport } from "./merchant-report.ts";
import { aliasesOf, genericProductType, isFulfilledByAmazon, listingRef } from "./refs.ts";
import { DocumentPlace, Report, ReportCreated } from "./schemas.ts";

const reportsPath = "/reports/2021-06-30";
const reportType = "GET_MERCHANT_LISTINGS_ALL_DATA";
const rowsAPage = 2_000;
const askAgainMs = 15_000;
/** A report that takes longer is not waited for. */
const patienceMs = 60 * 60_000;

/** Where the import by reports stands: one report a marketplace, from the last to the first, whose word counts most. */
export const ReportCursor = z.object({
  mode: z.literal("report"),
  /** Marketplaces still to do, this one included. */
  left: z.number().int().min(1),
  reportId: z.string().nullable(),
  requestedAt: z.string(),
  row: z.number().int().min(0),
});
export type ReportCursor = z.infer<typeof ReportCursor>;

export const firstReport = (marketplaces: number, nowMs: number): ReportCursor => ({
  mode: "report",
  left: marketplaces,
  reportId: null,
  requestedAt: toIso(nowMs),
  row: 0,
});

/** `next` undefined: this was the last page. `unusable`: no report can be had, read the listings otherwise. */
export type ReportPage =
  | { readonly kind: "page"; readonly items: readonly ImportedListing[]; readonly next: ReportCursor | undefined }
  | { readonly kind: "unusable"; readonly reason: string };

export type ReportImport = (cursor: ReportCursor, context: CallContext) => Promise<ReportPage>;

/**
 * Sold out is "Inactive" here, and must stay writable or it would never be refilled. Quantities are not handed on:
 * they may be a day old (§10), and what a listing shows is read live before it is written.
 */
const listingOf = (row: ReportRow, marketplaceId: string): ImportedListing => {
  const isAmazons = isFulfilledByAmazon(row.channelCode);
  const isActive = row.status === null || row.status === "Active" || (row.status === "Inactive" && row.units === 0);
  return {
    ref: listingRef(row.sku, row.channelCode),
    details: { sku: row.sku, channelCode: row.channelCode, productType: genericProductType, marketplaceId },
    aliases: aliasesOf(row.sku, row.channelCode),
    channelSku: row.sku,
    title: row.title === "" ? null : row.title,
    fulfilledBy: isAmazons ? "channel" : "merchant",
    status: isActive ? "active" : "inactive",
    units: null,
  };
};

type OpenReport = { readonly reportId: string; row: number; readonly rows: AsyncGenerator<ReadRow> };

/** The merchant listings report, page by page. An open document is kept between pages; lost, it is opened anew. */
export const createReportImport = (
  client: AmazonClient,
  documents: Documents,
  settings: AmazonSettings,
  deps: Pick<ConnectorDeps, "clock" | "log">,
): ReportImport => {
  let open: OpenReport | undefined;

  const request = async (marketplaceId: string, signal: AbortSignal): Promise<string> => {
    const body = { reportType, marketplaceIds: [marketplaceId] };
    const path = `${reportsPath}/reports`;
    const answer = await client.call({ operation: "createReport", method: "POST", path, body }, signal);
    return parseAnswer(ReportCreated, answer.data, "createReport").reportId;
  };
  const openReport = async (reportId: string, documentId: string, signal: AbortSignal): Promise<OpenReport> => {
    const path = `${reportsPath}/documents/${encodeURIComponent(documentId)}`;
    const answer = await client.call({ operation: "getReportDocument", method: "GET", path }, signal);
    const place = parseAnswer(DocumentPlace, answer.data, "getReportDocument");
    const { content, contentType } = await documents.download(place, signal);
    return { reportId, row: 0, rows: readMerchantReport(content, { contentType, region: settings.region }) };
  };
  const close = async (): Promise<void> => {
    await open?.rows.return(undefined).catch(() => undefined);
    open = undefined;
  };
  /** The state of the report, as far as it is not "done". */
  const documentOf = async (cursor: ReportCursor, reportId: string, signal: AbortSignal) => {
    const path = `${reportsPath}/reports/${encodeURIComponent(reportId)}`;
    const answer = await client.call({ operation: "getReport", method: "GET", path }, signal);
    const report = parseAnswer(Report, answer.data, "getReport");
    const { processingStatus: status, reportDocumentId } = report;
    if (status === "DONE" && reportDocumentId !== undefined) return { documentId: reportDocumentId };
    // CANCELLED: no data, or asked too soon; never "there are no listings" (§10).
    if (status === "CANCELLED" || status === "FATAL" || status === "DONE")
      return { unusable: `the report is ${status}` };
    const isOverdue = deps.clock.now() - Date.parse(cursor.requestedAt) > patienceMs;
    if (isOverdue) return { unusable: `the report is still ${status}` };
    throw new ChannelError({ kind: "throttled", message: `report ${reportId} is ${status}`, retryAfterMs: askAgainMs });
  };
  const readRows = async (report: OpenReport, from: number, context: CallContext) => {
    const rows: ReportRow[] = [];
    const skipped = new Map<string, number>();
    for (;;) {
      context.signal.throwIfAborted();
      const { value, done } = await report.rows.next();
      if (done === true) return { rows, skipped, isLast: true };
      report.row += 1;
      if (report.row <= from) continue;
      if (value.kind === "row") rows.push(value.row);
      else skipped.set(value.reason, (skipped.get(value.reason) ?? 0) + 1);
      if (report.row >= from + rowsAPage) return { rows, skipped, isLast: false };
    }
  };
  const pageOf = async (
    cursor: ReportCursor,
    marketplaceId: string,
    report: OpenReport,
    context: CallContext,
  ): Promise<ReportPage> => {
    const { rows, skipped, isLast } = await readRows(report, cursor.row, context);
    for (const [reason, count] of skipped) {
      deps.log.warn(
        { accountId: context.accountId, marketplaceId, reason, count },
        "rows of the listings report left out",
      );
    }
    const items = rows.map((row) => listingOf(row, marketplaceId));
    if (!isLast) return { kind: "page", items, next: { ...cursor, row: report.row } };
    await close();
    const left = cursor.left - 1;
    return { kind: "page", items, next: left === 0 ? undefined : firstReport(left, deps.clock.now()) };
  };

  return async (cursor, context) => {
    const marketplaceId = settings.marketplaceIds[cursor.left - 1];
    if (marketplaceId === undefined) return { kind: "unusable", reason: "the account's marketplaces have changed" };
    try {
      if (cursor.reportId === null) {
        const reportId = await request(marketplaceId, context.signal);
        return { kind: "page", items: [], next: { ...cursor, reportId, requestedAt: toIso(deps.clock.now()) } };
      }
      if (open === undefined || open.reportId !== cursor.reportId || open.row !== cursor.row) {
        await close();
        const found = await documentOf(cursor, cursor.reportId, context.signal);
        if (found.documentId === undefined) return { kind: "unusable", reason: found.unusable };
        open = await openReport(cursor.reportId, found.documentId, context.signal);
      }
      return await pageOf(cursor, marketplaceId, open, context);
    } catch (error) {
      if (!(error instanceof ChannelError && error.kind === "throttled")) await close();
      if (error instanceof ChannelError && error.kind === "permanent")
        return { kind: "unusable", reason: error.message };
      throw error;
    }
  };
};
