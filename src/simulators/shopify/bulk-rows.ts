import {
  type DocumentNode,
  executeSync,
  type FieldNode,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  getNamedType,
  Kind,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from "graphql";
import type { Execution, View } from "./views.ts";

const pageSize = 250;

export type BulkDeps = {
  readonly schema: GraphQLSchema;
  readonly root: () => View;
  readonly scopes: readonly string[];
  readonly resolveField: GraphQLFieldResolver<unknown, Execution>;
  readonly complain: (complaint: string) => void;
};

type Json = { readonly [field: string]: unknown };
export type BulkRows = { readonly lines: readonly string[]; readonly rootObjects: number; readonly denied: boolean };

/**
 * What a bulk query returns, flattened as the channel does: a line an object, children with `__parentId`. Children come
 * a few parents later, as they may on the channel (channel document §5).
 */
export const bulkRows = (deps: BulkDeps, document: DocumentNode): BulkRows => {
  const paged = withPages(deps.schema, document);
  const lines: string[] = [];
  const late: string[] = [];
  let rootObjects = 0;
  let denied = false;
  let after: string | null = null;
  do {
    const result = executeSync({
      schema: deps.schema,
      document: paged,
      rootValue: deps.root(),
      contextValue: { scopes: new Set(deps.scopes), searches: [], complain: deps.complain },
      variableValues: { after },
      fieldResolver: deps.resolveField,
    });
    denied ||= result.errors?.some(({ extensions }) => extensions["code"] === "ACCESS_DENIED") === true;
    const next = { cursor: null as string | null };
    for (const value of Object.values(result.data ?? {})) {
      if (!isConnection(value)) continue;
      if (value.pageInfo?.hasNextPage === true) next.cursor = value.pageInfo.endCursor;
      for (const { node } of value.edges) {
        rootObjects += 1;
        const { own, children } = flatten(node);
        lines.push(JSON.stringify(own));
        if (rootObjects % 3 === 0) lines.push(...late.splice(0));
        late.push(...children);
      }
    }
    after = next.cursor;
  } while (after !== null);
  return { lines: [...lines, ...late], rootObjects, denied };
};

type Connection = {
  readonly edges: readonly { readonly node: Json }[];
  readonly pageInfo?: { readonly hasNextPage: boolean; readonly endCursor: string | null };
};
const isConnection = (value: unknown): value is Connection =>
  typeof value === "object" && value !== null && "edges" in value;

const flatten = (node: Json): { readonly own: Json; readonly children: readonly string[] } => {
  const own = Object.fromEntries(Object.entries(node).filter(([, value]) => !isConnection(value)));
  const children = Object.values(node).flatMap((value) => {
    if (!isConnection(value)) return [];
    return value.edges.flatMap(({ node: child }) => {
      const below = flatten(child);
      return [JSON.stringify({ ...below.own, __parentId: node["id"] }), ...below.children];
    });
  });
  return { own, children };
};

/** The pieces that a bulk query lacks: a page size everywhere, and a cursor for the outer connection. */
const template = parse(
  `query Paged($after: String) { outer(first: ${pageSize}, after: $after) { pageInfo { hasNextPage endCursor } } }`,
).definitions[0];
const operationTemplate = template?.kind === Kind.OPERATION_DEFINITION ? template : undefined;
const fieldTemplate = operationTemplate?.selectionSet.selections[0];
const pieces = fieldTemplate?.kind === Kind.FIELD ? fieldTemplate : undefined;

const withPages = (schema: GraphQLSchema, document: DocumentNode): DocumentNode => {
  const types = new TypeInfo(schema);
  const enter = (field: FieldNode): FieldNode | undefined => {
    const type = getNamedType(types.getType());
    if (type?.name.endsWith("Connection") !== true || field.selectionSet === undefined) return undefined;
    const outer = types.getParentType() === schema.getQueryType();
    const kept = (field.arguments ?? []).filter(({ name }) => name.value !== "first");
    const added = (pieces?.arguments ?? []).filter(({ name }) => outer || name.value === "first");
    const selections = [...field.selectionSet.selections, ...((outer && pieces?.selectionSet?.selections) || [])];
    return { ...field, arguments: [...kept, ...added], selectionSet: { ...field.selectionSet, selections } };
  };
  const paged: DocumentNode = visit(document, visitWithTypeInfo(types, { Field: { enter } }));
  const variableDefinitions = operationTemplate?.variableDefinitions ?? [];
  return visit(paged, { OperationDefinition: (operation) => ({ ...operation, variableDefinitions }) });
};
