import { parse, validate, visit } from "graphql";
import { expect, test } from "vitest";
import { z } from "zod";
import { bulkLevels, documents, levelBatchMax, orderBatchMax } from "../../../../src/connectors/shopify/documents.ts";
import { readBulkQuery } from "../../../../src/simulators/shopify/bulk-query.ts";
import { contract, officialSchema } from "./support.ts";

test.each(documents.map((document) => [document.name, document] as const))(
  "%s is valid against the official schema and stays below the single-query limit",
  (_, document) => {
    expect(validate(officialSchema, parse(document.text)).map(({ message }) => message)).toEqual([]);
    expect(document.cost(document.name === "OrdersById" ? orderBatchMax : levelBatchMax)).toBeLessThanOrEqual(1000);
  },
);

test("the query of the bulk operation is valid, and every connection in it selects edges and its parents' ids", () => {
  const document = parse(bulkLevels);
  expect(validate(officialSchema, document)).toEqual([]);
  expect(readBulkQuery(officialSchema, bulkLevels)).toMatchObject({ kind: "valid" });
});

test("every mutation field that the channel wants idempotent carries the directive", () => {
  const { by_version } = contract(
    "vectors/idempotent-mutations.json",
    z.object({ by_version: z.record(z.string(), z.array(z.string())) }),
  );
  const wanted = new Set(by_version["2026-10"]);
  let seen = 0;
  for (const document of documents) {
    visit(parse(document.text), {
      Field(field) {
        if (!wanted.has(field.name.value)) return;
        seen += 1;
        expect(field.directives?.map(({ name }) => name.value)).toContain("idempotent");
      },
    });
  }
  expect(seen).toBe(2);
});
