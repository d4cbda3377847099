import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  GraphQLError,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isListType,
  isNonNullType,
  Kind,
  OperationTypeNode,
  parse,
  type SelectionSetNode,
  validate,
} from "graphql";

const connectionsMax = 5;
const depthMax = 2;

/** A query as a bulk operation takes it, or what the channel has against it, in its recorded words. */
export type BulkQuery =
  | { readonly kind: "valid"; readonly document: DocumentNode }
  | { readonly kind: "invalid"; readonly messages: readonly string[] };

type Found = {
  readonly path: readonly string[];
  readonly depth: number;
  readonly field: FieldNode;
  readonly inList: boolean;
  readonly parentWithoutId: string | undefined;
};

/** The rules of `bulkOperationRunQuery` (channel document §5, recorded answers). */
export const readBulkQuery = (schema: GraphQLSchema, text: string): BulkQuery => {
  const invalid = (...messages: readonly string[]): BulkQuery => ({ kind: "invalid", messages });
  let document: DocumentNode;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return invalid("Invalid bulk query: syntax error, unexpected end of file");
  }
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (operation?.operation !== OperationTypeNode.QUERY) {
    return invalid("Invalid operation type. Only `query` operations are supported.");
  }
  const broken = validate(schema, document);
  if (broken.length > 0) return invalid(...broken.map(({ message }) => `Invalid bulk query: ${message}`));
  const root = schema.getQueryType();
  if (root === null || root === undefined) throw new TypeError("a schema without queries");
  const found = connectionsIn(operation.selectionSet, root, { path: [], depth: 0, inList: false, parent: undefined });
  const byNodes = found.filter(({ field }) => selects(field, "nodes"));
  const topNode = operation.selectionSet.selections.some(
    (selection) => selection.kind === Kind.FIELD && /^nodes?$/.test(selection.name.value),
  );
  const messages = [
    ...(topNode ? ["Bulk queries cannot contain a top level `node` field."] : []),
    ...(found.length === 0 ? ["Bulk queries must contain at least one connection."] : []),
  ];
  if (messages.length > 0) return invalid(...messages);
  if (found.length > connectionsMax) {
    return invalid(`Bulk queries cannot contain more than ${connectionsMax} connections.`);
  }
  if (found.some(({ depth }) => depth > depthMax)) {
    return invalid(`Bulk queries cannot contain connections with a nesting depth greater than ${depthMax}.`);
  }
  if (found.some(({ inList }) => inList)) {
    return invalid("Queries that contain a connection field within a list field are not currently supported.");
  }
  if (byNodes.length > 0) {
    const names = byNodes.map(({ field }) => `'${field.name.value}'`).join(", ");
    const [first] = byNodes;
    return invalid(
      `All connection fields in a bulk query must select their contents using 'edges' > 'node', e.g: '${first?.field.name.value} { edges { node {'. Selecting via 'nodes' is not supported. Invalid connection fields: ${names}.`,
    );
  }
  const idless = found.flatMap(({ parentWithoutId }) => (parentWithoutId === undefined ? [] : [parentWithoutId]));
  if (idless.length > 0) {
    return invalid(
      `The parent 'node' field for a nested connection must select the 'id' field without an alias and must be of 'ID' return type. Connection fields without 'id': ${[...new Set(idless)].join(", ")}.`,
    );
  }
  return { kind: "valid", document };
};

type Place = {
  readonly path: readonly string[];
  /** Connections above. */
  readonly depth: number;
  readonly inList: boolean;
  /** The connection right above whose node this is, when that node lacks its id. */
  readonly parent: string | undefined;
};

const connectionsIn = (set: SelectionSetNode, type: GraphQLCompositeType, place: Place): readonly Found[] =>
  set.selections.flatMap((selection): readonly Found[] => {
    if (selection.kind !== Kind.FIELD) {
      return selection.kind === Kind.INLINE_FRAGMENT ? connectionsIn(selection.selectionSet, type, place) : [];
    }
    const definition = "getFields" in type ? type.getFields()[selection.name.value] : undefined;
    if (definition === undefined || selection.selectionSet === undefined) return [];
    const named = getNamedType(definition.type);
    if (!isCompositeType(named)) return [];
    const bare = isNonNullType(definition.type) ? definition.type.ofType : definition.type;
    const path = [...place.path, selection.name.value];
    if (!named.name.endsWith("Connection")) {
      const inEdges = selection.name.value === "edges" || selection.name.value === "node";
      const inList = place.inList || (isListType(bare) && !inEdges);
      return connectionsIn(selection.selectionSet, named, { ...place, path, inList });
    }
    const depth = place.depth + 1;
    const here: Found = { path, depth, field: selection, inList: place.inList, parentWithoutId: place.parent };
    const node = nodeOf(selection);
    const parent = node === undefined || selectsId(node) ? undefined : selection.name.value;
    return [here, ...connectionsIn(selection.selectionSet, named, { path, depth, inList: false, parent })];
  });

export const fieldNamed = (set: SelectionSetNode | undefined, name: string): FieldNode | undefined =>
  set?.selections.find(
    (selection): selection is FieldNode => selection.kind === Kind.FIELD && selection.name.value === name,
  );
const nodeOf = (connection: FieldNode): FieldNode | undefined =>
  fieldNamed(fieldNamed(connection.selectionSet, "edges")?.selectionSet, "node");
const selects = (field: FieldNode, name: string): boolean => fieldNamed(field.selectionSet, name) !== undefined;
const selectsId = (node: FieldNode): boolean =>
  fieldNamed(node.selectionSet, "id")?.alias === undefined && selects(node, "id");
