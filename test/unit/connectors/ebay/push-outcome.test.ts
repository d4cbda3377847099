import { expect, test } from "vitest";
import { outcomeOf } from "../../../../src/connectors/ebay/push-outcome.ts";
import type { PriceQuantityRow } from "../../../../src/connectors/ebay/schemas.ts";
import { errorRow } from "./harness.ts";

const request = { ref: "sku:A", sku: "A", offerIds: ["1"], units: 3, expectedUnits: null };
const ok = (offerId?: string): PriceQuantityRow => ({
  sku: "A",
  statusCode: 200,
  ...(offerId !== undefined && { offerId }),
});
const bad = (statusCode: number, errorId?: number, offerId?: string): PriceQuantityRow => ({
  sku: "A",
  statusCode,
  ...(offerId !== undefined && { offerId }),
  ...(errorId !== undefined && { errors: [errorRow(errorId)] }),
});

test.each([
  { rows: "one row for item and offer", answer: [ok("1")], status: "accepted" },
  { rows: "one row each", answer: [ok(), ok("1")], status: "accepted" },
  { rows: "no row at all", answer: [], status: "unknown" },
  { rows: "the item's row only", answer: [ok()], status: "unknown" },
  { rows: "another SKU's row", answer: [{ ...ok("1"), sku: "a" }], status: "unknown" },
  { rows: "a system error", answer: [bad(500, 25001, "1")], status: "unknown" },
  { rows: "a bare 503", answer: [bad(503)], status: "unknown" },
])("$rows makes a push $status", ({ answer, status }) => {
  expect(outcomeOf(request, answer, null).status).toBe(status);
});

test.each([
  { errorId: 25025, statusCode: 409, retry: "later" },
  { errorId: 2001, statusCode: 429, retry: "later" },
  { errorId: 25019, statusCode: 400, retry: "never" },
  { errorId: 25026, statusCode: 400, retry: "never" },
  { errorId: 25002, statusCode: 400, retry: "never" },
  { errorId: 25096, statusCode: 400, retry: "never" },
  { errorId: 25710, statusCode: 404, retry: "never" },
])("eBay's $errorId refuses a listing: $retry again", ({ errorId, statusCode, retry }) => {
  const outcome = outcomeOf(request, [bad(statusCode, errorId, "1")], null);
  expect(outcome).toMatchObject({ status: "refused", retry });
  expect(outcome).toHaveProperty("reason", expect.stringContaining(`${errorId}: said eBay`));
});

test("an offer refused while only the item took the quantity is refused, for the listing shows no more than before", () => {
  expect(outcomeOf(request, [ok(), bad(400, 25019, "1")], null)).toMatchObject({ status: "refused", retry: "never" });
});

test("an offer refused while another offer took the quantity is unknown, for something was written", () => {
  const outcome = outcomeOf({ ...request, offerIds: ["1", "2"] }, [ok("1"), bad(409, 25025, "2")], null);
  expect(outcome).toMatchObject({ status: "unknown", reason: expect.stringContaining("partly written (offer 1)") });
});

test("a refusal of the whole SKU without offer ids counts for every offer", () => {
  const outcome = outcomeOf({ ...request, offerIds: ["1", "2"] }, [bad(404, 25702)], null);
  expect(outcome).toMatchObject({
    status: "refused",
    retry: "never",
    reason: expect.stringContaining("import the listings again"),
  });
});
