import { readFileSync } from "node:fs";
import { z } from "zod";

/** A JSON Schema, or anything else inside a contract document. */
export type Node = { [key: string]: unknown };

/** One operation in the same shape whether the document was Swagger 2.0 or OpenAPI 3. */
export type Operation = {
  readonly operationId: string;
  /** Upper case. */
  readonly method: string;
  /** With the server's base path: `/sell/inventory/v1/offer/{offerId}`. */
  readonly template: string;
  readonly parameters: readonly Parameter[];
  /** `undefined`: the operation takes no JSON body. */
  readonly body: { readonly required: boolean; readonly schema: Node } | undefined;
  /** Response schemas by status; a status without one has no JSON body. */
  readonly responses: Readonly<Record<string, Node>>;
};

export type Parameter = {
  readonly name: string;
  readonly in: "query" | "path" | "header";
  readonly required: boolean;
  readonly schema: Node;
  /** How an array is written: one value with commas, or the name repeated. */
  readonly arrayAs: "csv" | "multi";
};

export type ContractDocument = {
  readonly operations: readonly Operation[];
  /** Root keys that `$ref`s point into (`definitions` or `components`). */
  readonly schemas: Node;
};

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && !Array.isArray(value);
const node = (value: unknown): Node => (isNode(value) ? value : {});
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const methods = new Set(["get", "put", "post", "delete", "patch"]);

const RawParameter = z.looseObject({
  name: z.string(),
  in: z.string(),
  required: z.boolean().default(false),
  type: z.string().optional(),
  collectionFormat: z.string().optional(),
  explode: z.boolean().optional(),
  schema: z.record(z.string(), z.unknown()).optional(),
});
type RawParameter = z.infer<typeof RawParameter>;

/** Reads a contract, lays `overlay` over its named schemas, and closes what requests are made of when asked to. */
export const readContractDocument = (
  file: URL,
  options: { readonly overlay?: unknown; readonly closeRequestSchemas?: boolean },
): ContractDocument => {
  const root = node(JSON.parse(readFileSync(file, "utf8")));
  const swagger2 = root["swagger"] === "2.0";
  const named = swagger2 ? node(root["definitions"]) : node(node(root["components"])["schemas"]);
  for (const [name, partial] of Object.entries(node(options.overlay))) {
    if (!isNode(named[name])) throw new Error(`overlay names the schema ${name}, which ${file.pathname} does not have`);
    merge(named[name], node(partial));
  }
  const operations = Object.entries(node(root["paths"])).flatMap(([path, item]) =>
    Object.entries(node(item))
      .filter(([method]) => methods.has(method))
      .map(([method, operation]) =>
        readOperation(root, { path, method, item: node(item), operation: node(operation) }),
      ),
  );
  if (operations.length === 0) throw new Error(`${file.pathname} has no operations`);
  if (options.closeRequestSchemas === true)
    for (const { body } of operations) if (body) close(body.schema, root, new Set());
  return { operations, schemas: swagger2 ? { definitions: named } : { components: root["components"] } };
};

const readOperation = (
  root: Node,
  at: { readonly path: string; readonly method: string; readonly item: Node; readonly operation: Node },
): Operation => {
  const own = z.array(z.unknown()).default([]);
  const raw = [...own.parse(at.item["parameters"]), ...own.parse(at.operation["parameters"])].map((parameter) =>
    RawParameter.parse(resolve(root, parameter)),
  );
  const template = `${basePath(root)}${at.path}`;
  return {
    operationId: text(at.operation["operationId"]) || `${at.method} ${template}`,
    method: at.method.toUpperCase(),
    template,
    parameters: raw.flatMap((parameter) => readParameter(parameter)),
    body: readBody(root, raw, at.operation),
    responses: Object.fromEntries(
      Object.entries(node(at.operation["responses"])).flatMap(([status, response]) => {
        const declared = node(resolve(root, response));
        const schema = declared["schema"] ?? jsonSchemaOf(declared);
        return isNode(schema) ? [[status, schema]] : [];
      }),
    ),
  };
};

const basePath = (root: Node): string => {
  if (root["swagger"] === "2.0") return text(root["basePath"]).replace(/\/$/, "");
  const [server] = z.array(z.unknown()).default([]).parse(root["servers"]);
  const variables = node(node(server)["variables"]);
  const url = text(node(server)["url"]).replace(/\{(\w+)\}/g, (_, name: string) =>
    text(node(variables[name])["default"]),
  );
  return URL.canParse(url) ? new URL(url).pathname.replace(/\/$/, "") : url;
};

const readParameter = (raw: RawParameter): readonly Parameter[] => {
  const where = z.enum(["query", "path", "header"]).safeParse(raw.in);
  if (!where.success) return [];
  // Swagger 2.0 writes the schema's keywords on the parameter itself; OpenAPI 3 keeps them under `schema`.
  const { name, in: _in, required, description: _description, collectionFormat, explode, schema, ...keywords } = raw;
  // Swagger's default is csv; OpenAPI 3's default for a query array is `form` with `explode`.
  const multi = schema === undefined ? collectionFormat === "multi" : explode !== false;
  return [{ name, in: where.data, required, schema: schema ?? keywords, arrayAs: multi ? "multi" : "csv" }];
};

const readBody = (root: Node, raw: readonly RawParameter[], operation: Node): Operation["body"] => {
  const inBody = raw.find((parameter) => parameter.in === "body");
  if (inBody?.schema !== undefined) return { required: inBody.required, schema: inBody.schema };
  const requestBody = node(resolve(root, operation["requestBody"]));
  const schema = jsonSchemaOf(requestBody);
  // The published OpenAPI documents leave `required` out where prose demands the body; a body with a schema is demanded
  // unless the document says otherwise.
  return isNode(schema) ? { required: requestBody["required"] !== false, schema } : undefined;
};

const jsonSchemaOf = (holder: Node): unknown => node(node(holder["content"])["application/json"])["schema"];

const resolve = (root: Node, value: unknown): unknown => {
  const reference = node(value)["$ref"];
  if (typeof reference !== "string") return value;
  const found = reference
    .slice(2)
    .split("/")
    .reduce<unknown>((at, key) => node(at)[key.replaceAll("~1", "/").replaceAll("~0", "~")], root);
  if (found === undefined) throw new Error(`the contract points to ${reference}, which it does not have`);
  return resolve(root, found);
};

/** Objects merge, `required` lists unite, anything else is replaced. */
const merge = (target: Node, partial: Node): void => {
  for (const [key, value] of Object.entries(partial)) {
    const before = target[key];
    if (isNode(value) && isNode(before)) merge(before, value);
    else if (key === "required" && Array.isArray(value) && Array.isArray(before))
      target[key] = [...new Set([...before, ...value])];
    else target[key] = value;
  }
};

/**
 * Forbids fields the contract does not know in everything a request body is made of. Parts of an `allOf` stay open:
 * each sees the whole object.
 */
const close = (schema: unknown, root: Node, seen: Set<unknown>): void => {
  const target = node(resolve(root, schema));
  if (seen.has(target)) return;
  seen.add(target);
  if (isNode(target["properties"]) && target["additionalProperties"] === undefined)
    target["additionalProperties"] = false;
  for (const child of Object.values(node(target["properties"]))) close(child, root, seen);
  for (const child of [target["items"], target["additionalProperties"]]) if (isNode(child)) close(child, root, seen);
};
