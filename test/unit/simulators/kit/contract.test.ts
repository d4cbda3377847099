import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { loadContract } from "../../../../src/simulators/kit/contract.ts";

const model = (name: string): URL => new URL(`../../../../contracts/amazon/models/${name}.json`, import.meta.url);
const json = new Headers({ "content-type": "application/json" });
const request = (method: string, path: string, query = "", body?: unknown) => ({
  method,
  path,
  query: new URLSearchParams(query),
  headers: body === undefined ? new Headers() : json,
  body,
});

test("a path is matched whole, its parameters decoded once", () => {
  const contract = loadContract(model("listingsItems_2021-08-01"));

  expect(contract.match("GET", "/listings/2021-08-01/items/S/a%2Fb%2520")).toEqual({
    operationId: "getListingsItem",
    pathParameters: { sellerId: "S", sku: "a/b%20" },
  });
  expect(contract.match("GET", "/listings/2021-08-01/items/S/a/b")).toBeUndefined();
  expect(contract.match("GET", "/listings/2021-08-01/items/S/%zz")).toBeUndefined();
  expect(contract.match("POST", "/listings/2021-08-01/items/S/a")).toBeUndefined();
});

test("query parameters are judged by presence, name, type and list form", () => {
  const contract = loadContract(model("listingsItems_2021-08-01"));
  const path = "/listings/2021-08-01/items/S";

  expect(
    contract.validate(request("GET", path, "marketplaceIds=A,B&pageSize=20&includedData=summaries,issues")),
  ).toEqual([]);
  expect(
    contract.validate(request("GET", path, "pageSize=many&bogus=1&includedData=secrets&createdAfter=yesterday")),
  ).toEqual([
    "query parameter bogus is not part of searchListingsItems",
    "query parameter marketplaceIds is missing",
    "query parameter includedData/0 must be equal to one of the allowed values",
    'query parameter createdAfter must match format "date-time"',
    "query parameter pageSize must be integer",
  ]);
});

test("bodies are judged by their schema, and closed ones take no unknown field", () => {
  const path = "/listings/2021-08-01/items/S/A";
  const body = {
    productType: "PRODUCT",
    patches: [{ op: "merge", path: "/attributes/x", value: [{ any: 1 }], extra: 1 }],
  };
  const patch = request("PATCH", path, "marketplaceIds=A", body);

  expect(loadContract(model("listingsItems_2021-08-01")).validate(patch)).toEqual([]);
  expect(loadContract(model("listingsItems_2021-08-01"), { closeRequestSchemas: true }).validate(patch)).toEqual([
    "body/patches/0 must NOT have additional properties (extra)",
  ]);
  const contract = loadContract(model("listingsItems_2021-08-01"));
  expect(contract.validate(request("PATCH", path, "marketplaceIds=A"))).toEqual(["body is missing"]);
  expect(contract.validate({ ...patch, headers: new Headers() })).toEqual([
    "header Content-Type is missing, not application/json",
  ]);
  expect(contract.validate(request("GET", path, "marketplaceIds=A", body))).toEqual([
    "body is not part of this operation",
  ]);
});

const Samples = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z
        .object({
          operationId: z.string(),
          responses: z.record(
            z.string(),
            z.object({
              "x-amzn-api-sandbox": z
                .object({ static: z.array(z.object({ response: z.unknown() })).default([]) })
                .optional(),
            }),
          ),
        })
        // Paths also hold what is no operation.
        .catch({ operationId: "", responses: {} }),
    ),
  ),
});
const samplesOf = (name: string) =>
  Object.values(Samples.parse(JSON.parse(readFileSync(model(name), "utf8"))).paths)
    .flatMap((item) => Object.values(item))
    .flatMap(({ operationId, responses }) =>
      Object.entries(responses).flatMap(([status, answer]) =>
        (answer["x-amzn-api-sandbox"]?.static ?? []).map(({ response }) => ({
          operationId,
          status: Number(status),
          response,
        })),
      ),
    )
    .filter(({ response }) => response !== undefined);

test.each(["listingsItems_2021-08-01", "orders_2026-01-01", "notifications", "feeds_2021-06-30", "reports_2021-06-30"])(
  "every sample answer of %s keeps its own contract",
  (name) => {
    const contract = loadContract(model(name));
    const samples = samplesOf(name);

    expect(samples.length).toBeGreaterThan(5);
    for (const { operationId, status, response } of samples) {
      expect([operationId, contract.validateResponse(operationId, status, response)]).toEqual([operationId, []]);
    }
  },
);

test("an OpenAPI 3 document is read with its server path, repeated lists, headers and an overlay", () => {
  const folder = mkdtempSync(join(tmpdir(), "contract-"));
  const file = join(folder, "api.json");
  writeFileSync(
    file,
    JSON.stringify({
      openapi: "3.0.0",
      servers: [{ url: "https://api.example{basePath}", variables: { basePath: { default: "/shop/v1" } } }],
      paths: {
        "/item/{sku}": {
          put: {
            operationId: "putItem",
            parameters: [
              { name: "sku", in: "path", required: true, schema: { type: "string" } },
              { name: "tag", in: "query", schema: { type: "array", items: { type: "integer" } } },
              { name: "Content-Language", in: "header", required: true, schema: { type: "string" } },
            ],
            requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Item" } } } },
            responses: { 204: { description: "done" } },
          },
        },
      },
      components: {
        schemas: {
          Item: {
            type: "object",
            properties: { units: { type: "integer" }, part: { $ref: "#/components/schemas/Part" } },
          },
          Part: { type: "object", properties: { id: { type: "string" } } },
        },
      },
    }),
  );
  const overlay = { Item: { required: ["units"], properties: { units: { minimum: 0 } } } };
  const contract = loadContract(pathToFileURL(file), { overlay, closeRequestSchemas: true });
  const put = (query: string, headers: Record<string, string>, body: unknown) =>
    contract.validate({
      ...request("PUT", "/shop/v1/item/A", query, body),
      headers: new Headers({ "content-type": "application/json", ...headers }),
    });

  expect(put("tag=1&tag=2", { "content-language": "en-US" }, { units: 1, part: { id: "x" } })).toEqual([]);
  expect(put("tag=1,2", {}, { units: -1, part: { name: "x" } })).toEqual([
    "query parameter tag/0 must be integer",
    "header parameter Content-Language is missing",
    "body/units must be >= 0",
    "body/part must NOT have additional properties (name)",
  ]);
  expect(put("", { "content-language": "en-US" }, {})).toEqual(["body must have required property 'units'"]);
  expect(() => loadContract(pathToFileURL(file), { overlay: { Nothing: {} } })).toThrow(
    "overlay names the schema Nothing",
  );
  rmSync(folder, { recursive: true });
});
