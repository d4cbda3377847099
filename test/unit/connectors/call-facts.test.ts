import { expect, test } from "vitest";
import { factsOf, plainOf, templateOf } from "../../../src/connectors/call-facts.ts";

const amazon = "https://sellingpartnerapi-na.amazon.com";

test("a path keeps its own words, and every parameter goes", () => {
  expect(templateOf(`${amazon}/listings/2021-08-01/items/ASELLER1/SKU%2F1?marketplaceIds=X`)).toBe(
    "/listings/2021-08-01/items/{}/{}",
  );
  expect(templateOf("https://api.ebay.com/sell/inventory/v1/bulk_update_price_quantity")).toBe(
    "/sell/{}/v1/bulk_update_price_quantity".replace("{}", "inventory"),
  );
  expect(templateOf("https://bucket.s3.amazonaws.com/secret-document?X-Amz-Signature=abc")).toBe("/{}");
  expect(templateOf("no address")).toBe("{}");
});

test("of a write SKU, quantity and codes are kept, whatever else the channel says", () => {
  const body = {
    productType: "PRODUCT",
    patches: [
      {
        op: "merge",
        path: "/attributes/fulfillment_availability",
        value: [{ fulfillment_channel_code: "DEFAULT", quantity: 7 }],
      },
    ],
  };
  const answer = {
    sku: "SKU/1",
    status: "INVALID",
    submissionId: "s-1",
    issues: [{ code: "8560", message: "Jane Doe, 1 High Street", severity: "ERROR" }],
    buyer: { email: "jane@example.org" },
  };
  expect(factsOf(`${amazon}/listings/2021-08-01/items/ASELLER1/SKU%2F1`, body, answer)).toEqual({
    names: ["SKU/1"],
    facts: {
      sent: { patches: [{ op: "merge", value: [{ fulfillment_channel_code: "DEFAULT", quantity: 7 }] }] },
      told: { sku: "SKU/1", status: "INVALID", submissionId: "s-1", issues: [{ code: "8560", severity: "ERROR" }] },
    },
  });
});

test("XML and text give the same few things; streams and bytes give nothing", () => {
  const xml =
    "<R><Ack>Failure</Ack><InventoryStatus><ItemID>110</ItemID><SKU>A B</SKU><Quantity>3</Quantity></InventoryStatus><BuyerName>Jane</BuyerName></R>";
  expect(
    factsOf("https://api.ebay.com/ws/api.dll", xml, '{"errors":[{"errorId":25001,"longMessage":"Jane"}]}'),
  ).toEqual({
    names: ["110", "A B"],
    facts: {
      sent: [{ Ack: "Failure" }, { ItemID: "110" }, { SKU: "A B" }, { Quantity: "3" }],
      told: { errors: [{ errorId: 25001 }] },
    },
  });
  expect(factsOf("https://x.example/", Buffer.from('{"sku":"A"}'), undefined)).toEqual({ names: [], facts: {} });
});

test("a code that is none is not kept: an address or a sentence has no place there", () => {
  expect(
    factsOf(amazon, {}, { errors: [{ code: "jane@example.org" }, { code: "Jane Doe" }, { code: "QuotaExceeded" }] })
      .facts,
  ).toEqual({ told: { errors: [{ code: "QuotaExceeded" }] } });
  expect(plainOf("abc-1:2")).toBe("abc-1:2");
  expect(plainOf("two words")).toBeNull();
});

test("a body without end costs no more than its first parts", () => {
  const items = Array.from({ length: 100_000 }, (_, index) => ({ sku: `S${index}`, quantity: index }));
  const { names, facts } = factsOf(amazon, undefined, { items });
  expect(names).toHaveLength(100);
  expect(JSON.stringify(facts).length).toBeLessThan(10_000);
});
