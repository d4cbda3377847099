import {
  executeSync,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
} from "graphql";
import type { QuotaBucket } from "../kit/bucket.ts";
import { actualCost, queryCostMax, requestedCost } from "./cost.ts";
import { createDocumentCache } from "./documents.ts";
import { personalSelections, requiredScopes } from "./personal.ts";
import { accessDenied, notSimulated } from "./refusals.ts";
import { variableErrors } from "./variables.ts";
import { type Execution, isFieldFunction, type View } from "./views.ts";

export type GraphqlRequest = {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | null;
};
/** The JSON body; always HTTP 200 (channel document §3). */
export type GraphqlAnswer = Readonly<Record<string, unknown>>;

type Deps = {
  readonly schema: GraphQLSchema;
  readonly root: View;
  readonly scopes: readonly string[];
  readonly bucket: QuotaBucket;
  readonly complain: (complaint: string) => void;
  readonly countThrottled: () => void;
};

/** Runs a request as the channel does: document, cost, variables, bucket, execution, refund. Synchronous, so atomic. */
export const createExecutor = (deps: Deps): ((request: GraphqlRequest) => GraphqlAnswer) => {
  const { schema, bucket, complain } = deps;
  const prepare = createDocumentCache(schema);
  const scopes = new Set(deps.scopes);
  return ({ query, variables, operationName }) => {
    const prepared = prepare(query);
    if (prepared.kind === "invalid") {
      for (const { message } of prepared.errors) complain(message);
      return { errors: prepared.errors };
    }
    const { document } = prepared;
    const operation = getOperationAST(document, operationName);
    if (operation === null || operation === undefined) {
      const message =
        operationName === null ? "An operation name is required" : `No operation named "${operationName}"`;
      complain(message);
      return { errors: [{ message }] };
    }
    for (const coordinate of personalSelections(prepared.coordinates)) complain(`${coordinate} shows a buyer`);
    const invalid = variableErrors(schema, operation, variables);
    if (invalid.length > 0) {
      for (const { message } of invalid) complain(message);
      return { errors: invalid.map((error) => error.toJSON()) };
    }
    const setting = { schema, document, variables };
    const requested = requestedCost(setting, operation);
    if (requested > queryCostMax) {
      complain(`a query of cost ${requested}`);
      return { errors: [tooExpensive(requested)] };
    }
    if (!bucket.tryTake(requested)) {
      deps.countThrottled();
      return throttledAnswer(bucket, requested);
    }
    const execution: Execution = { scopes, searches: [], complain };
    const result = executeSync({
      schema,
      document,
      operationName,
      rootValue: deps.root,
      contextValue: execution,
      variableValues: variables,
      fieldResolver: resolveField,
    });
    const actual = Math.min(requested, actualCost(setting, operation, result.data));
    bucket.refund(requested - actual);
    for (const { message } of result.errors ?? []) complain(message);
    return {
      ...(result.errors === undefined ? {} : { errors: result.errors.map((error) => error.toJSON()) }),
      data: result.data ?? null,
      extensions: {
        cost: costOf(bucket, requested, actual),
        ...(execution.searches.length === 0 ? {} : { search: execution.searches }),
      },
    };
  };
};

/** Not executed: nothing has changed. */
export const throttledAnswer = (bucket: QuotaBucket, requested: number): GraphqlAnswer => ({
  errors: [
    {
      message: "Throttled",
      extensions: { code: "THROTTLED", documentation: "https://shopify.dev/api/usage/rate-limits" },
    },
  ],
  extensions: { cost: costOf(bucket, requested, null) },
});

const costOf = (bucket: QuotaBucket, requested: number, actual: number | null): Record<string, unknown> => ({
  requestedQueryCost: requested,
  actualQueryCost: actual,
  throttleStatus: {
    maximumAvailable: bucket.burst,
    currentlyAvailable: Math.floor(bucket.available()),
    restoreRate: bucket.ratePerSecond,
  },
});

const tooExpensive = (cost: number): GraphQLFormattedError => ({
  message: `Query cost is ${cost}, which exceeds the single query max cost limit (${queryCostMax}).`,
  extensions: { code: "MAX_COST_EXCEEDED", cost, maxCost: queryCostMax },
});

/** Views hold what the simulator serves; whatever else is selected is refused aloud, never answered with null. */
export const resolveField: GraphQLFieldResolver<unknown, Execution> = (source, args, execution, info) => {
  const coordinate = `${info.parentType.name}.${info.fieldName}`;
  const scope = requiredScopes.get(coordinate);
  if (scope !== undefined && !execution.scopes.has(scope)) throw accessDenied(info.fieldName, scope);
  if (typeof source !== "object" || source === null || !Object.hasOwn(source, info.fieldName)) {
    throw notSimulated(coordinate);
  }
  const value: unknown = Reflect.get(source, info.fieldName);
  try {
    return isFieldFunction(value) ? value(args, execution, info) : value;
  } catch (error) {
    throw error instanceof GraphQLError
      ? error
      : new GraphQLError(String(error), { extensions: { code: "BAD_REQUEST" } });
  }
};
