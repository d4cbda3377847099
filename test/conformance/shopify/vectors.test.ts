import { getOperationAST, parse, validate, visit } from "graphql";
import { expect, test } from "vitest";
import { z } from "zod";
import type { RawRequest, Verification } from "../../../src/connectors/connector.ts";
import { documents } from "../../../src/connectors/shopify/documents.ts";
import { stockTopics } from "../../../src/connectors/shopify/topics.ts";
import { parseLossless } from "../../../src/connectors/shopify/webhook-bodies.ts";
import { Secret } from "../../../src/core/secret.ts";
import { contract, createBench, officialSchema } from "../../unit/connectors/shopify/support.ts";
import { openShop } from "../../unit/simulators/shopify/shop.ts";
import { tallyOf } from "./tally.ts";

const tallySignatures = tallyOf("signature vectors");
const { vectors } = contract(
  "vectors/webhook-hmac.json",
  z.object({
    vectors: z.array(
      z.object({
        name: z.string(),
        body_base64: z.string(),
        header_hmac: z.string().nullable(),
        secrets: z.array(z.string()),
        expect: z.string(),
      }),
    ),
  }),
);

test.each(vectors.map((vector) => [vector.name, vector] as const))("signature vector %s", async (_, vector) => {
  const [first = "", ...others] = vector.secrets;
  const { connector, context } = createBench({
    credentials: { accessToken: new Secret("t"), clientId: undefined, clientSecret: new Secret(first) },
    webhookSecrets: others.map((other) => new Secret(other)),
  });
  const request: RawRequest = {
    method: "POST",
    url: "https://lockstep.test/webhooks/shopify/shop-one",
    headers: {
      "x-shopify-topic": "products/update",
      "x-shopify-shop-domain": "example.myshopify.com",
      "x-shopify-webhook-id": "w",
      "x-shopify-api-version": "2026-10",
      ...(vector.header_hmac === null ? {} : { "x-shopify-hmac-sha256": vector.header_hmac }),
    },
    body: Buffer.from(vector.body_base64, "base64"),
  };
  const verified: Verification | undefined = await connector.webhooks?.verify(request, context);
  const accepted = verified?.kind === "delivery" || verified?.kind === "malformed";
  expect([accepted, verified?.kind === "refused" ? verified.status : 200]).toEqual(
    vector.expect === "accept" ? [true, 200] : [false, 401],
  );
  tallySignatures();
});

const tallyIds = tallyOf("ids beyond 2^53");
const BigIds = z.object({
  cases: z.array(
    z.object({
      raw: z.string(),
      naive_JSON_parse_inventory_item_id: z.string(),
      correct_inventory_item_id: z.string(),
    }),
  ),
});
test.each(contract("vectors/big-int-ids.json", BigIds).cases)(
  "the id $correct_inventory_item_id is not $naive_JSON_parse_inventory_item_id",
  ({ raw, correct_inventory_item_id: exact }) => {
    expect(parseLossless(raw)).toMatchObject({ inventory_item_id: exact });
    tallyIds();
  },
);

const tallyDocuments = tallyOf("document vectors and documents of ours held against the official schema");
const Documents = z.looseObject({
  documents: z.array(
    z.object({
      name: z.string(),
      document: z.string(),
      schema_validation: z.object({ "2026-10": z.object({ valid: z.boolean() }) }),
    }),
  ),
});
const documentVectors = contract("vectors/graphql-documents.json", Documents).documents;

test.each(documentVectors)("document $name is valid or not as told, and the simulator agrees", async (vector) => {
  const valid = vector.schema_validation["2026-10"].valid;
  expect(validate(officialSchema, parse(vector.document)).length === 0).toBe(valid);
  const { errors, data } = await (await openShop()).graphql(vector.document, {});
  if (!valid) expect([errors?.length === 0, data]).toEqual([false, undefined]);
  const broken = errors?.some(({ extensions }) =>
    ["undefinedField", "invalidDocument"].includes(String(extensions?.["code"])),
  );
  expect(broken ?? false).toBe(!valid);
  tallyDocuments();
});

test.each(documents.map((document) => [document.name, document.text] as const))(
  "our %s keeps the official schema",
  (name, text) => {
    expect(validate(officialSchema, parse(text))).toEqual([]);
    expect(getOperationAST(parse(text), name)).not.toBeNull();
    tallyDocuments();
  },
);

test("mutations that the channel wants idempotent carry the directive, and no other does", () => {
  const { by_version } = contract(
    "vectors/idempotent-mutations.json",
    z.object({ by_version: z.record(z.string(), z.array(z.string())) }),
  );
  const wanted = new Set(by_version["2026-10"]);
  expect(wanted.size).toBe(16);
  const root = officialSchema.getMutationType()?.getFields() ?? {};
  for (const { text } of documents) {
    visit(parse(text), {
      Field(field) {
        if (!(field.name.value in root)) return;
        const idempotent = field.directives?.some(({ name }) => name.value === "idempotent") ?? false;
        expect([field.name.value, idempotent]).toEqual([field.name.value, wanted.has(field.name.value)]);
      },
    });
  }
});

test("every topic that we subscribe to is a stock topic of the pinned version", () => {
  const { by_version } = contract(
    "vectors/stock-relevant-webhook-topics.json",
    z.object({ by_version: z.record(z.string(), z.array(z.string())) }),
  );
  expect(by_version["2026-10"]).toEqual(expect.arrayContaining([...stockTopics]));
});
