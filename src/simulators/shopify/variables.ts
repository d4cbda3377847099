import {
  coerceInputValue,
  GraphQLError,
  type GraphQLSchema,
  isInputType,
  isNonNullType,
  type OperationDefinitionNode,
  print,
  typeFromAST,
} from "graphql";

type Problem = { readonly path: readonly (string | number)[]; readonly explanation: string };

/**
 * Checks a request's variables against the operation's declarations, as the channel does before it executes anything:
 * one INVALID_VARIABLE error a variable, with all its problems (recorded).
 */
export const variableErrors = (
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): readonly GraphQLError[] => {
  const errors: GraphQLError[] = [];
  for (const declaration of operation.variableDefinitions ?? []) {
    const name = declaration.variable.name.value;
    const type = typeFromAST(schema, declaration.type);
    if (type === undefined || !isInputType(type)) continue;
    const given = Object.hasOwn(variables, name);
    if (!given && declaration.defaultValue !== undefined) continue;
    const value = given ? variables[name] : undefined;
    const problems: Problem[] = [];
    if (value === undefined || value === null) {
      if (isNonNullType(type)) problems.push({ path: [], explanation: "Expected value to not be null" });
    } else {
      coerceInputValue(value, type, (path, _value, error) => problems.push(problemOf(path, error.message)));
    }
    if (problems.length === 0) continue;
    const details = problems.map(({ path, explanation }) =>
      path.length === 0 ? undefined : `${path.join(".")} (${explanation})`,
    );
    const where = details.every((detail) => detail === undefined) ? "" : ` for ${details.filter(Boolean).join(", ")}`;
    errors.push(
      new GraphQLError(`Variable $${name} of type ${print(declaration.type)} was provided invalid value${where}`, {
        nodes: [declaration],
        extensions: { code: "INVALID_VARIABLE", value: value ?? null, problems },
      }),
    );
  }
  return errors;
};

const problemOf = (path: readonly (string | number)[], message: string): Problem => {
  const unknown = /^Field "(\w+)" is not defined by type "(\w+)"/.exec(message);
  if (unknown?.[1] !== undefined) {
    return { path: [...path, unknown[1]], explanation: `Field is not defined on ${unknown[2] ?? ""}` };
  }
  const missing = /^Field "(\w+)" of required type/.exec(message);
  if (missing?.[1] !== undefined) return { path: [...path, missing[1]], explanation: "Expected value to not be null" };
  return { path, explanation: message };
};
