import { readFileSync } from "node:fs";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { z } from "zod";

/** Amazon's own models, as committed under contracts/, turned into checks of what we send and of what we pretend to receive. */
const folder = new URL("../../../../contracts/amazon/", import.meta.url);
const load = (path: string): unknown => JSON.parse(readFileSync(new URL(path, folder), "utf8"));

const Parameter = z.object({
  name: z.string(),
  in: z.enum(["path", "query", "body", "header"]),
  required: z.boolean().optional(),
  type: z.string().optional(),
  enum: z.array(z.string()).optional(),
  maxItems: z.number().optional(),
  maximum: z.number().optional(),
  format: z.string().optional(),
  items: z.object({ enum: z.array(z.string()).optional() }).optional(),
  schema: z.object({ $ref: z.string() }).optional(),
});
const Operation = z.object({
  operationId: z.string(),
  parameters: z.array(Parameter).default([]),
  responses: z.record(z.string(), z.object({ schema: z.object({ $ref: z.string() }).optional() })),
});
const Model = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  definitions: z.record(z.string(), z.unknown()),
});

const modelFiles = [
  "listingsItems_2021-08-01",
  "orders_2026-01-01",
  "ordersV0",
  "fbaInventory",
  "feeds_2021-06-30",
  "reports_2021-06-30",
  "notifications",
  "sellers",
] as const;
const models = modelFiles.map((file) => ({ file, raw: load(`models/${file}.json`) }));

const createAjv = (): Ajv.default => {
  const ajv = new Ajv.default({ strict: false, allErrors: true });
  addFormats.default(ajv);
  return ajv;
};
const ajv = createAjv();
for (const { file, raw } of models) ajv.addSchema({ $id: file, definitions: Model.parse(raw).definitions });

const complaintsOf = (file: string, ref: string, value: unknown): readonly string[] => {
  const validate = ajv.getSchema(`${file}${ref}`);
  if (validate === undefined) throw new Error(`no ${ref} in ${file}`);
  return validate(value) === true
    ? []
    : (validate.errors ?? []).map((e) => `${ref}${e.instancePath} ${e.message ?? ""}`);
};

type Found = { readonly file: string; readonly operation: z.infer<typeof Operation> };

const find = (method: string, pathname: string): Found | undefined => {
  for (const { file, raw } of models) {
    for (const [template, methods] of Object.entries(Model.parse(raw).paths)) {
      const pattern = new RegExp(`^${template.replace(/\{[^}]+\}/g, "[^/]+")}$`);
      const operation = methods[method.toLowerCase()];
      if (pattern.test(pathname) && operation !== undefined) return { file, operation: Operation.parse(operation) };
    }
  }
  return undefined;
};

const queryComplaints = (parameter: z.infer<typeof Parameter>, raw: string | undefined): readonly string[] => {
  if (raw === undefined) return parameter.required === true ? [`missing ${parameter.name}`] : [];
  const values = parameter.type === "array" ? raw.split(",").map(decodeURIComponent) : [decodeURIComponent(raw)];
  const allowed = parameter.items?.enum ?? parameter.enum;
  return [
    ...values
      .filter((value) => allowed !== undefined && !allowed.includes(value))
      .map((value) => `${parameter.name}=${value}`),
    ...(values.length > (parameter.maxItems ?? Infinity) ? [`${parameter.name}: too many`] : []),
    ...(parameter.type === "integer" && Number(values[0]) > (parameter.maximum ?? Infinity)
      ? [`${parameter.name}: too large`]
      : []),
    ...(parameter.format === "date-time" && Number.isNaN(Date.parse(values[0] ?? ""))
      ? [`${parameter.name}: no time`]
      : []),
  ];
};

/** What Amazon's model objects to in a request: unknown operation or parameter, wrong value, wrong body. Empty = fine. */
export const requestComplaints = (method: string, uri: string, body: unknown): readonly string[] => {
  const [pathname = "", search = ""] = uri.split("?");
  const found = find(method, pathname);
  if (found === undefined) return [`no operation ${method} ${pathname}`];
  const query = new Map(
    search === ""
      ? []
      : search.split("&").map((pair): [string, string] => {
          const [name = "", value = ""] = pair.split("=");
          return [name, value];
        }),
  );
  const { file, operation } = found;
  const declared = operation.parameters.filter((parameter) => parameter.in === "query");
  const undeclared = [...query.keys()].filter((name) => !declared.some((parameter) => parameter.name === name));
  const bodyRef = operation.parameters.find((parameter) => parameter.in === "body")?.schema?.$ref;
  return [
    ...undeclared.map((name) => `undeclared ${name}`),
    ...declared.flatMap((parameter) => queryComplaints(parameter, query.get(parameter.name))),
    ...(bodyRef === undefined ? [] : complaintsOf(file, bodyRef, body)),
  ];
};

/** What the model objects to in an answer of ours that pretends to be Amazon's. `model`: v0 and 2026 share a name. */
export const responseComplaints = (
  operationId: string,
  status: number,
  body: unknown,
  model?: (typeof modelFiles)[number],
): readonly string[] => {
  for (const { file, raw } of models.filter((one) => model === undefined || one.file === model)) {
    for (const methods of Object.values(Model.parse(raw).paths)) {
      for (const candidate of Object.values(methods)) {
        const operation = Operation.safeParse(candidate);
        if (!operation.success || operation.data.operationId !== operationId) continue;
        const ref = operation.data.responses[String(status)]?.schema?.$ref;
        return ref === undefined ? [`${operationId} declares no ${status}`] : complaintsOf(file, ref, body);
      }
    }
  }
  return [`no operation ${operationId}`];
};

const Sandbox = z.object({ "x-amzn-api-sandbox": z.object({ static: z.array(z.object({ response: z.unknown() })) }) });

/** The answers Amazon's static sandbox would give, recorded in the models (channel document §12). */
export const sandboxAnswers = (operationId: string, status: number): readonly unknown[] =>
  models.flatMap(({ raw }) =>
    Object.values(Model.parse(raw).paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap((candidate) => {
        const parsed = z
          .object({ operationId: z.string(), responses: z.record(z.string(), z.unknown()) })
          .safeParse(candidate);
        if (!parsed.success || parsed.data.operationId !== operationId) return [];
        return Sandbox.safeParse(parsed.data.responses[String(status)]).data?.["x-amzn-api-sandbox"].static ?? [];
      })
      .map(({ response }) => response),
  );

/** A feed's document or report, by its schema's name. */
export const feedComplaints = (name: string, value: unknown): readonly string[] => {
  const validate = createAjv().compile(z.record(z.string(), z.unknown()).parse(load(`schemas/feeds/${name}.json`)));
  return validate(value) ? [] : (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message ?? ""}`);
};

export const notificationSchema = (file: string) => {
  const schema = z.record(z.string(), z.unknown()).parse(load(`schemas/notifications/${file}.json`));
  const validate = createAjv().compile(schema);
  const { examples = [] } = z.object({ examples: z.array(z.unknown()).optional() }).parse(schema);
  return {
    examples,
    complaints: (value: unknown): readonly string[] =>
      validate(value) ? [] : (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message ?? ""}`),
  };
};
