import { expect, test } from "vitest";
import { endpointsOf, queryString } from "../../../../src/connectors/amazon/endpoints.ts";
import { listingRef } from "../../../../src/connectors/amazon/refs.ts";
import { bench } from "./harness.ts";

test.each([
  ["na", "https://sellingpartnerapi-na.amazon.com"],
  ["eu", "https://sellingpartnerapi-eu.amazon.com"],
  ["fe", "https://sellingpartnerapi-fe.amazon.com"],
] as const)("region %s is served by %s and signs in at the one common host", (region, api) => {
  expect(endpointsOf({ region, endpoints: {} })).toEqual({ api, token: "https://api.amazon.com/auth/o2/token" });
});

test("endpoints from the settings win, with or without a closing slash", () => {
  const endpoints = { api: "http://127.0.0.1:4100/", auth: "http://127.0.0.1:4101" };
  expect(endpointsOf({ region: "na", endpoints })).toEqual({
    api: "http://127.0.0.1:4100",
    token: "http://127.0.0.1:4101/auth/o2/token",
  });
});

test("a query encodes each element of a list by itself and leaves out what is undefined", () => {
  expect(queryString({ list: ["a b", "c&d", "+"], at: "2026-09-01T10:00:00.000Z", absent: undefined })).toBe(
    "?list=a%20b,c%26d,%2B&at=2026-09-01T10%3A00%3A00.000Z",
  );
  expect(queryString({})).toBe("");
});

test("no two listings share a ref, whatever signs a SKU holds", () => {
  const skus = ["A", "A|DEFAULT", "DEFAULT:A", "offer:DEFAULT:A", ":", "sku:A"];
  const refs = skus.flatMap((sku) => ["DEFAULT", "AMAZON_EU"].map((code) => listingRef(sku, code)));
  expect(new Set(refs).size).toBe(refs.length);
});

test("the connector states its limits, and the settings decide how long a push may settle", () => {
  expect(bench().connector).toMatchObject({
    channel: "amazon",
    limits: { pushBatchMax: 5, readingLifeMs: 1_000, readBatchMax: 20, settleMs: 600_000, comparesAndSets: false },
  });
  expect(bench({ settleMs: 5_000 }).connector.limits.settleMs).toBe(5_000);
});
