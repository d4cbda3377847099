import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  typeFromAST,
} from "graphql";

/**
 * Query cost (channel document §2): scalars and enums 0, an object or a list of objects 1, a connection 2 and its nodes,
 * a mutation 10 with its payload's own fields free.
 *
 * How a connection's size counts is not documented in figures; recorded answers (`first: 1, 5, 10` in
 * contracts/shopify/recorded) fit the length of the number in binary: 1 → 1, 5 → 3, 10 → 4. `nodes(ids:)` is taken
 * alike, without a recording. Actual cost, recorded: each node returned 1, what hangs under the nodes once however
 * many there are, and 1 for `edges`.
 */
export const queryCostMax = 1000;
const mutationCost = 10;
const connectionCost = 2;
/** Recorded without a cost of their own. */
const freeTypes: ReadonlySet<string> = new Set(["PageInfo", "ApiVersion"]);

type Setting = {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>>;
};
/** Where a selection stands: at the root of a mutation, directly in its payload, or anywhere else. */
type Place = "mutation" | "payload" | "elsewhere";

export const requestedCost = (setting: Setting, operation: OperationDefinitionNode): number => {
  const [root, place] = rootOf(setting.schema, operation);
  return selectionCost(setting, operation.selectionSet, root, place, undefined);
};

/** `data` is the answer's; null when an error reached the root. */
export const actualCost = (setting: Setting, operation: OperationDefinitionNode, data: unknown): number => {
  const [root, place] = rootOf(setting.schema, operation);
  return selectionCost(setting, operation.selectionSet, root, place, [data ?? {}]);
};

const rootOf = (schema: GraphQLSchema, operation: OperationDefinitionNode): readonly [GraphQLCompositeType, Place] => {
  const root = schema.getRootType(operation.operation);
  if (root === undefined || root === null) throw new TypeError(`no root type for ${operation.operation}`);
  return [root, operation.operation === OperationTypeNode.MUTATION ? "mutation" : "elsewhere"];
};

/** `values`: all objects of the answer that this selection describes; undefined = before execution. */
const selectionCost = (
  setting: Setting,
  set: SelectionSetNode,
  parent: GraphQLCompositeType,
  place: Place,
  values: readonly unknown[] | undefined,
): number => {
  let own = 0;
  const alternatives: number[] = [];
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      own += fieldCost(setting, selection, parent, place, values);
      continue;
    }
    const fragment =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection
        : setting.document.definitions.find(
            (definition) =>
              definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value,
          );
    if (fragment === undefined || !("selectionSet" in fragment) || fragment.selectionSet === undefined) continue;
    const condition = "typeCondition" in fragment ? fragment.typeCondition : undefined;
    const type = condition === undefined ? parent : typeFromAST(setting.schema, condition);
    if (!isCompositeType(type)) continue;
    const part = selectionCost(setting, fragment.selectionSet, type, place, values);
    if (isAbstractType(parent) && isObjectType(type)) alternatives.push(part);
    else own += part;
  }
  // An interface or union costs as much as its dearest member.
  return own + Math.max(0, ...alternatives);
};

const fieldCost = (
  setting: Setting,
  node: FieldNode,
  parent: GraphQLCompositeType,
  place: Place,
  values: readonly unknown[] | undefined,
): number => {
  const definition = "getFields" in parent ? parent.getFields()[node.name.value] : undefined;
  const type = definition === undefined ? undefined : getNamedType(definition.type);
  if (definition === undefined || !isCompositeType(type) || node.selectionSet === undefined) return 0;
  const below = values === undefined ? undefined : valuesAt(values, node);
  const inner = (next: Place): number =>
    below?.length === 0 || node.selectionSet === undefined
      ? 0
      : selectionCost(setting, node.selectionSet, type, next, below);
  if (place === "mutation") return mutationCost + inner("payload");
  if (place === "payload" || freeTypes.has(type.name)) return inner("elsewhere");
  if (type.name.endsWith("Connection")) {
    const { first, last } = getArgumentValues(definition, node, { ...setting.variables });
    const size = typeof first === "number" ? first : typeof last === "number" ? last : 0;
    return connectionCost + nodesCost(setting, node.selectionSet, type, size, below);
  }
  if (node.name.value === "nodes" && parent.name === "QueryRoot") {
    const { ids } = getArgumentValues(definition, node, { ...setting.variables });
    const asked = sizeWeight(Array.isArray(ids) ? ids.length : 1);
    return below === undefined ? asked * (1 + inner("elsewhere")) : Math.min(asked, below.length) + inner("elsewhere");
  }
  return 1 + inner("elsewhere");
};

const nodesCost = (
  setting: Setting,
  set: SelectionSetNode,
  type: GraphQLCompositeType,
  size: number,
  connections: readonly unknown[] | undefined,
): number => {
  const nodeType = "getFields" in type ? type.getFields()["nodes"]?.type : undefined;
  const named = nodeType === undefined ? undefined : getNamedType(nodeType);
  if (!isCompositeType(named)) return 0;
  let perNode = 0;
  let returned = 0;
  let edges = 0;
  for (const field of set.selections) {
    if (field.kind !== Kind.FIELD || (field.name.value !== "nodes" && field.name.value !== "edges")) continue;
    const direct = field.name.value === "nodes";
    const rows = connections === undefined ? undefined : valuesAt(connections, field);
    for (const nodeField of direct ? [field] : (field.selectionSet?.selections ?? [])) {
      if (nodeField.kind !== Kind.FIELD || nodeField.selectionSet === undefined) continue;
      const nodes = rows === undefined || direct ? rows : valuesAt(rows, nodeField);
      perNode += nodes?.length === 0 ? 0 : selectionCost(setting, nodeField.selectionSet, named, "elsewhere", nodes);
    }
    returned = Math.max(returned, rows?.length ?? 0);
    if (!direct && (rows?.length ?? 0) > 0) edges = 1;
  }
  if (connections === undefined) return sizeWeight(size) * (1 + perNode);
  return returned === 0 ? 0 : returned + edges + perNode;
};

const sizeWeight = (size: number): number => (size <= 0 ? 0 : Math.floor(Math.log2(size)) + 1);

/** What a field holds in all these objects: nulls left out, lists opened. */
const valuesAt = (values: readonly unknown[], node: FieldNode): readonly unknown[] => {
  const key = node.alias?.value ?? node.name.value;
  return values.flatMap((value): unknown[] => {
    if (typeof value !== "object" || value === null || !(key in value)) return [];
    const found: unknown = Reflect.get(value, key);
    return Array.isArray(found)
      ? found.filter((item) => item !== null)
      : found === null || found === undefined
        ? []
        : [found];
  });
};
