import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import addFormatsModule from "ajv-formats";
import {
  type ContractDocument,
  type Node,
  type Operation,
  type Parameter,
  readContractDocument,
} from "./contract-document.ts";

export type ContractRequest = {
  readonly method: string;
  /** As it came over the wire, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** Parsed JSON, or undefined when there was no body. */
  readonly body: unknown;
};

export interface Contract {
  /** The operation of a method and (percent-encoded) path; path parameters come decoded. */
  match(
    method: string,
    path: string,
  ): { readonly operationId: string; readonly pathParameters: Readonly<Record<string, string>> } | undefined;
  /** Complaints, empty when the request keeps the contract. */
  validate(request: ContractRequest): readonly string[];
  /** Complaints about an answer of ours against what the contract declares for that status. */
  validateResponse(operationId: string, status: number, body: unknown): readonly string[];
}

/**
 * A channel's published contract (Swagger 2.0 or OpenAPI 3) as a judge of requests: unknown operations and parameters,
 * missing and ill-typed ones, and bodies that break their schema. Each schema is compiled once, when first needed.
 * `overlay` maps component schema names to partial schemas that are merged over them; `closeRequestSchemas` refuses
 * unknown fields in request bodies.
 */
export const loadContract = (
  file: URL,
  options: { readonly overlay?: unknown; readonly closeRequestSchemas?: boolean } = {},
): Contract => {
  const judged = compile(readContractDocument(file, options));
  const find = (method: string, path: string): { judge: Judge; pathParameters: Record<string, string> } | undefined => {
    for (const judge of judged) {
      if (judge.operation.method !== method.toUpperCase()) continue;
      const pathParameters = judge.matchPath(path);
      if (pathParameters !== undefined) return { judge, pathParameters };
    }
    return undefined;
  };
  const byId = new Map(judged.map((judge) => [judge.operation.operationId, judge]));
  return {
    match: (method, path) => {
      const found = find(method, path);
      return found && { operationId: found.judge.operation.operationId, pathParameters: found.pathParameters };
    },
    validate: (request) => {
      const found = find(request.method, request.path);
      if (found === undefined) return [`no such operation: ${request.method} ${request.path}`];
      return complaintsOf(found.judge, request, found.pathParameters);
    },
    validateResponse: (operationId, status, body) => {
      const judge = byId.get(operationId);
      if (judge === undefined) return [`no such operation: ${operationId}`];
      const check = judge.responses(String(status));
      if (check === undefined) return [];
      return check(body) ? [] : readable("response", check.errors);
    },
  };
};

type Judge = {
  readonly operation: Operation;
  readonly matchPath: (path: string) => Record<string, string> | undefined;
  readonly parameters: readonly { readonly parameter: Parameter; readonly check: () => ValidateFunction }[];
  readonly queryNames: ReadonlySet<string>;
  readonly body: (() => ValidateFunction) | undefined;
  readonly responses: (status: string) => ValidateFunction | undefined;
};

const compile = (document: ContractDocument): readonly Judge[] => {
  // allErrors: one refused request tells everything that is wrong with it. strict off: the documents carry `x-…` keys.
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: true, logger: false });
  addFormatsModule.default(ajv);
  // Everything in one schema, so that the documents' own `#/definitions/…` pointers resolve.
  const schemas: Node = { $id: "contract", ...document.schemas, uses: {} };
  const uses: Node = {};
  schemas["uses"] = uses;
  const use = (name: string, schema: Node): (() => ValidateFunction) => {
    uses[name] = schema;
    let compiled: ValidateFunction | undefined;
    return () => {
      compiled ??= ajv.compile({ $ref: `contract#/uses/${name}` });
      return compiled;
    };
  };
  const prepared = document.operations.map((operation, at) => ({
    operation,
    parameters: operation.parameters.map((parameter, index) => ({
      parameter,
      check: use(`${at}-p${index}`, parameter.schema),
    })),
    body: operation.body && use(`${at}-body`, operation.body.schema),
    responses: new Map(
      Object.entries(operation.responses).map(([status, schema]) => [status, use(`${at}-r${status}`, schema)]),
    ),
  }));
  ajv.addSchema(schemas);
  const byStaticParts = (a: { operation: Operation }, b: { operation: Operation }): number =>
    a.operation.template.split("{").length - b.operation.template.split("{").length;
  return prepared.toSorted(byStaticParts).map(({ operation, parameters, body, responses }) => ({
    operation,
    matchPath: pathMatcher(operation.template),
    parameters,
    queryNames: new Set(operation.parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name)),
    body,
    responses: (status) => (responses.get(status) ?? responses.get("default"))?.(),
  }));
};

const pathMatcher = (template: string): ((path: string) => Record<string, string> | undefined) => {
  const names: string[] = [];
  const pattern = template
    .replace(/\/$/, "")
    .split(/(\{[^}]+\})/)
    .map((part) => {
      if (!part.startsWith("{")) return part.replace(/[.*+?^$()[\]\\|]/g, "\\$&");
      names.push(part.slice(1, -1));
      return "([^/]+)";
    })
    .join("");
  const expression = new RegExp(`^${pattern}/?$`);
  return (path) => {
    const hit = expression.exec(path);
    if (hit === null) return undefined;
    try {
      return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(hit[index + 1] ?? "")]));
    } catch {
      return undefined; // A broken percent escape names nothing.
    }
  };
};

const complaintsOf = (judge: Judge, request: ContractRequest, path: Record<string, string>): readonly string[] => {
  const complaints: string[] = [];
  for (const name of new Set(request.query.keys())) {
    if (!judge.queryNames.has(name))
      complaints.push(`query parameter ${name} is not part of ${judge.operation.operationId}`);
  }
  for (const { parameter, check } of judge.parameters) {
    const given = givenValues(parameter, request, path);
    const where = `${parameter.in} parameter ${parameter.name}`;
    if (given.length === 0) {
      if (parameter.required) complaints.push(`${where} is missing`);
      continue;
    }
    const value = typed(parameter, given);
    if (value === undefined) complaints.push(`${where} is given ${given.length} times`);
    else if (!check()(value)) complaints.push(...readable(where, check().errors));
  }
  return [...complaints, ...bodyComplaints(judge, request)];
};

const bodyComplaints = (judge: Judge, request: ContractRequest): readonly string[] => {
  if (request.body === undefined) return judge.operation.body?.required === true ? ["body is missing"] : [];
  if (judge.body === undefined) return ["body is not part of this operation"];
  const mediaType = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  const complaints =
    mediaType === "application/json" ? [] : [`header Content-Type is ${mediaType ?? "missing"}, not application/json`];
  const check = judge.body();
  return check(request.body) ? complaints : [...complaints, ...readable("body", check.errors)];
};

const givenValues = (
  parameter: Parameter,
  request: ContractRequest,
  path: Record<string, string>,
): readonly string[] => {
  if (parameter.in === "query") return request.query.getAll(parameter.name);
  const value = parameter.in === "path" ? path[parameter.name] : request.headers.get(parameter.name);
  return value === null || value === undefined ? [] : [value];
};

/** The parameter's text as the JSON value its schema speaks of; text that is no such value stays text, so that it fails. */
const typed = (parameter: Parameter, given: readonly string[]): unknown => {
  if (parameter.schema["type"] === "array") {
    const items = parameter.schema["items"];
    const type = typeof items === "object" && items !== null && "type" in items ? items.type : "string";
    const texts = parameter.arrayAs === "csv" ? given.flatMap((text) => text.split(",")) : given;
    return texts.map((text) => scalar(type, text));
  }
  return given.length === 1 ? scalar(parameter.schema["type"], given[0] ?? "") : undefined;
};

const scalar = (type: unknown, text: string): unknown => {
  if (type === "integer" && /^-?\d+$/.test(text)) return Number(text);
  if (type === "number" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
};

const readable = (where: string, errors: readonly ErrorObject[] | null | undefined): readonly string[] =>
  (errors ?? []).map(({ instancePath, message, params }) => {
    const extra = "additionalProperty" in params ? ` (${String(params["additionalProperty"])})` : "";
    return `${where}${instancePath} ${message ?? "is invalid"}${extra}`;
  });
