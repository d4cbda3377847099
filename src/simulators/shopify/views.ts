import type { GraphQLResolveInfo } from "graphql";

/** What a request may use while it is executed, and what it leaves behind. */
export type Execution = {
  readonly scopes: ReadonlySet<string>;
  /** Goes into `extensions.search` of the answer. */
  readonly searches: unknown[];
  readonly complain: (complaint: string) => void;
};

export type Arguments = Readonly<Record<string, unknown>>;
export type FieldFunction = (args: Arguments, execution: Execution, info: GraphQLResolveInfo) => unknown;

/**
 * An object as GraphQL shows it: a property for each field the simulator serves, as a value or as a function of the
 * arguments. A selected field without a property is a loud error (execute.ts). `__typename` resolves interfaces.
 */
export type View = { readonly __typename: string; readonly [field: string]: unknown };

export const isFieldFunction = (value: unknown): value is FieldFunction => typeof value === "function";
