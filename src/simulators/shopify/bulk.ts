import { z } from "zod";
import { readBulkQuery } from "./bulk-query.ts";
import { type BulkDeps, bulkRows } from "./bulk-rows.ts";
import { gid, type IdSource, parseGid } from "./identifiers.ts";
import { connection, listSource } from "./paging.ts";
import { utcSeconds } from "./times.ts";
import type { Arguments, FieldFunction, View } from "./views.ts";

/** Since 2026-01, per app and shop; the sixth is refused (recorded). */
const concurrentMax = 5;
/** An operation begins after the first and is done after the second, on the shop's clock. */
const stepsMs = { running: 500, done: 1_500 } as const;
const urlLifeMs = 7 * 24 * 3_600_000;

export type BulkOperation = {
  readonly position: number;
  readonly operationId: string;
  readonly query: string;
  readonly createdMs: number;
  /** A snapshot of the beginning: what changes while the operation runs is not in it. */
  readonly lines: readonly string[];
  readonly rootObjects: number;
  readonly fault: "INTERNAL_SERVER_ERROR" | "ACCESS_DENIED" | null;
  cancelledMs: number | null;
};

const RunInput = z.object({ query: z.string() });
const Identified = z.object({ id: z.string() });

/**
 * `bulkOperationRunQuery`, its siblings, and the file they make (channel document §5). Kept in memory only: a restarted
 * shop has forgotten its operations, and they are started anew.
 */
export const createBulk = (
  deps: BulkDeps & {
    readonly ids: IdSource;
    readonly now: () => number;
    readonly speedUp: number;
    /** Where the shop's files are served. */
    readonly fileUrl: (operationId: string) => string;
    readonly fails: () => boolean;
  },
) => {
  const operations: BulkOperation[] = [];
  const ageOf = ({ createdMs }: BulkOperation): number => (deps.now() - createdMs) * deps.speedUp;
  const statusOf = (operation: BulkOperation): string => {
    if (operation.cancelledMs !== null) return ageOf(operation) < stepsMs.done ? "CANCELING" : "CANCELED";
    if (ageOf(operation) < stepsMs.running) return "CREATED";
    if (ageOf(operation) < stepsMs.done) return "RUNNING";
    return operation.fault === null ? "COMPLETED" : "FAILED";
  };
  const isOpen = (operation: BulkOperation): boolean =>
    ["CREATED", "RUNNING", "CANCELING"].includes(statusOf(operation));
  /** Half of them, cut between two lines, when the operation failed. */
  const linesOf = ({ lines, fault }: BulkOperation): readonly string[] =>
    fault === null ? lines : lines.slice(0, Math.floor(lines.length / 2));

  const show = (operation: BulkOperation): View => {
    const status = statusOf(operation);
    const begun = status !== "CREATED";
    const url = linesOf(operation).length === 0 ? null : deps.fileUrl(operation.operationId);
    return {
      __typename: "BulkOperation",
      id: gid("BulkOperation", operation.operationId),
      status,
      type: "QUERY",
      errorCode: status === "FAILED" ? operation.fault : null,
      createdAt: utcSeconds(operation.createdMs),
      completedAt: isOpen(operation) ? null : utcSeconds(operation.createdMs + stepsMs.done / deps.speedUp),
      objectCount: String(begun ? operation.lines.length : 0),
      rootObjectCount: String(begun ? operation.rootObjects : 0),
      fileSize: status === "COMPLETED" ? String(fileOf(operation).length) : null,
      url: status === "COMPLETED" ? url : null,
      partialDataUrl: status === "FAILED" ? url : null,
      query: operation.query,
    };
  };
  const fileOf = (operation: BulkOperation): string =>
    linesOf(operation)
      .map((line) => `${line}\n`)
      .join("");

  type Complaint = { readonly field: readonly string[] | null; readonly message: string; readonly code: string };
  const answer = (bulkOperation: View | null, userErrors: readonly Complaint[]): View => ({
    __typename: "BulkOperationRunQueryPayload",
    bulkOperation,
    userErrors,
  });

  const run: FieldFunction = (args) => {
    const { query } = RunInput.parse(args);
    const read = readBulkQuery(deps.schema, query);
    if (read.kind === "invalid") {
      return answer(
        null,
        read.messages.map((message) => ({ field: ["query"], message, code: "INVALID" })),
      );
    }
    const open = operations.filter(isOpen);
    if (open.length >= concurrentMax) {
      const names = open.map(({ operationId }) => gid("BulkOperation", operationId)).join(", ");
      const message = `A bulk query operation for this app and shop is already in progress: ${names}.`;
      return answer(null, [{ field: null, message, code: "OPERATION_IN_PROGRESS" }]);
    }
    const { lines, rootObjects, denied } = bulkRows(deps, read.document);
    const operation: BulkOperation = {
      position: operations.length,
      operationId: deps.ids("bulk", operations.length),
      query,
      createdMs: deps.now(),
      lines: denied ? [] : lines,
      rootObjects,
      fault: denied ? "ACCESS_DENIED" : deps.fails() ? "INTERNAL_SERVER_ERROR" : null,
      cancelledMs: null,
    };
    operations.push(operation);
    return answer(show(operation), []);
  };

  const named = (id: string): BulkOperation | undefined =>
    operations.find(({ operationId }) => operationId === parseGid(id)?.id);

  const one = (operationId: string): View | null => {
    const operation = operations.find((candidate) => candidate.operationId === operationId);
    return operation === undefined ? null : show(operation);
  };

  const cancel: FieldFunction = (args) => {
    const operation = named(Identified.parse(args).id);
    if (operation !== undefined && isOpen(operation)) operation.cancelledMs = deps.now();
    return {
      __typename: "BulkOperationCancelPayload",
      bulkOperation: operation === undefined ? null : show(operation),
      userErrors: operation === undefined ? [{ field: ["id"], message: "Bulk operation does not exist" }] : [],
    };
  };

  const list = (args: Arguments): View =>
    connection(
      "BulkOperation",
      args,
      listSource(
        operations,
        ({ position }) => position,
        ({ operationId }) => operationId,
      ),
      show,
    );

  /** The JSONL behind `url`; undefined when there is none, or no longer. */
  const file = (operationId: string): string | undefined => {
    const operation = operations.find((candidate) => candidate.operationId === operationId);
    if (operation === undefined || isOpen(operation) || ageOf(operation) > urlLifeMs) return undefined;
    return fileOf(operation);
  };

  return { run, one, cancel, list, file };
};
export type Bulk = ReturnType<typeof createBulk>;
