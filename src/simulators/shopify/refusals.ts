import { type ASTNode, GraphQLError } from "graphql";

/** Top-level errors as the channel words them (channel document §3, recorded answers). */
export const refusal = (code: string, message: string, nodes?: readonly ASTNode[]): GraphQLError =>
  new GraphQLError(message, { extensions: { code }, ...(nodes === undefined ? {} : { nodes }) });

export const accessDenied = (field: string, scope: string): GraphQLError =>
  new GraphQLError(`Access denied for ${field} field. Required access: \`${scope}\` access scope.`, {
    extensions: {
      code: "ACCESS_DENIED",
      documentation: "https://shopify.dev/api/usage/access-scopes",
      requiredAccess: `\`${scope}\` access scope.`,
    },
  });

/** The simulator's own: better a loud error than a null that looks like an answer. */
export const notSimulated = (what: string): GraphQLError =>
  new GraphQLError(`The simulated shop does not serve ${what}`, { extensions: { code: "NOT_SIMULATED" } });

export const inputTooLong = (name: string, size: number): GraphQLError =>
  new GraphQLError(`The input array size of ${size} is greater than the maximum allowed of ${inputSizeMax}.`, {
    extensions: { code: "MAX_INPUT_SIZE_EXCEEDED", argument: name },
  });

export const inputSizeMax = 250;
