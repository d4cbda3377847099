import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  isCompositeType,
  Kind,
  type OperationDefinitionNode,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from "graphql";

/** A document that keeps the schema, or what is wrong with it in the channel's words. */
export type Prepared =
  | { readonly kind: "valid"; readonly document: DocumentNode; readonly coordinates: ReadonlySet<string> }
  | { readonly kind: "invalid"; readonly errors: readonly GraphQLFormattedError[] };

const cacheMax = 500;

/** Parses and validates each text once; validation against this schema is the expensive part of a request. */
export const createDocumentCache = (schema: GraphQLSchema): ((text: string) => Prepared) => {
  const cache = new Map<string, Prepared>();
  return (text) => {
    const known = cache.get(text);
    if (known !== undefined) return known;
    const prepared = prepare(schema, text);
    if (cache.size >= cacheMax) cache.clear();
    cache.set(text, prepared);
    return prepared;
  };
};

const prepare = (schema: GraphQLSchema, text: string): Prepared => {
  let document: DocumentNode;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { kind: "invalid", errors: [{ message: error.message, ...locationsOf(error) }] };
  }
  const errors = validate(schema, document);
  if (errors.length > 0) return { kind: "invalid", errors: errors.map((error) => inChannelWords(error, document)) };
  const coordinates = new Set<string>();
  const typeInfo = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(typeInfo, {
      Field: (node) => {
        const parent = typeInfo.getParentType();
        if (isCompositeType(parent)) coordinates.add(`${parent.name}.${node.name.value}`);
      },
    }),
  );
  return { kind: "valid", document, coordinates };
};

/** Recorded wordings for what integrators hit most; the rest keeps graphql-js' message. */
const inChannelWords = (error: GraphQLError, document: DocumentNode): GraphQLFormattedError => {
  const unknown = /^Cannot query field "(\w+)" on type "(\w+)"/.exec(error.message);
  const node = error.nodes?.[0];
  if (unknown?.[1] === undefined || unknown[2] === undefined || node?.kind !== Kind.FIELD) {
    return { message: error.message, ...locationsOf(error), extensions: { code: "invalidDocument" } };
  }
  const [, fieldName, typeName] = unknown;
  return {
    message: `Field '${fieldName}' doesn't exist on type '${typeName}'`,
    ...locationsOf(error),
    path: pathTo(document, node),
    extensions: { code: "undefinedField", typeName, fieldName },
  };
};

const locationsOf = (error: GraphQLError): Pick<GraphQLFormattedError, "locations"> =>
  error.locations === undefined ? {} : { locations: error.locations };

/** `["mutation Name", "inventoryActivate", "userErrors", "code"]`: names of the operation and of the fields above. */
const pathTo = (document: DocumentNode, target: FieldNode): readonly string[] => {
  let found: readonly string[] = [];
  const walk = (set: FieldNode["selectionSet"], path: readonly string[]): void => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
      const next = selection.kind === Kind.FIELD ? [...path, selection.alias?.value ?? selection.name.value] : path;
      if (selection === target) found = next;
      walk(selection.selectionSet, next);
    }
  };
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) walk(definition.selectionSet, [operationLabel(definition)]);
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      walk(definition.selectionSet, [`fragment ${definition.name.value}`]);
  }
  return found;
};

const operationLabel = (operation: OperationDefinitionNode): string =>
  operation.name === undefined ? operation.operation : `${operation.operation} ${operation.name.value}`;
