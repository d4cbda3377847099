import Ajv from "ajv";
import { z } from "zod";
import { contractJson } from "./harness.ts";

/**
 * eBay's contracts type fields but leave "required", limits and misspelt names to prose. The overlay adds them, and
 * every schema is closed, so that a wrong request fails here as it would at eBay.
 */
const Document = z.object({
  components: z.object({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) }),
});
const Overlay = z.object({
  sell_inventory_v1: z.record(
    z.string(),
    z.object({
      required: z.array(z.string()).optional(),
      properties: z.record(z.string(), z.record(z.string(), z.unknown())),
    }),
  ),
});

const schemas = Document.parse(contractJson("openapi/sell_inventory_v1_oas3.json")).components.schemas;
const overlay = Overlay.parse(contractJson("openapi/overlay.request-constraints.json")).sell_inventory_v1;
const Properties = z.record(z.string(), z.record(z.string(), z.unknown()));

const closed = Object.fromEntries(
  Object.entries(schemas).map(([name, schema]) => {
    const properties = Properties.parse(schema["properties"] ?? {});
    const added = overlay[name];
    for (const [property, rules] of Object.entries(added?.properties ?? {}))
      Object.assign((properties[property] ??= {}), rules);
    return [
      name,
      { ...schema, properties, additionalProperties: false, ...(added?.required && { required: added.required }) },
    ];
  }),
);

const ajv = new Ajv.default({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema({ $id: "inventory", components: { schemas: closed } });

/** What eBay's contract has against a Sell Inventory body; empty = nothing. */
export const complaintsAbout = (schemaName: string, body: unknown): readonly string[] => {
  const validate = ajv.getSchema(`inventory#/components/schemas/${schemaName}`);
  if (validate === undefined) throw new Error(`the contract has no ${schemaName}`);
  return validate(body) === true
    ? []
    : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ""}`);
};
