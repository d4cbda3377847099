import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { buildClientSchema, type GraphQLSchema, type IntrospectionQuery } from "graphql";

export const apiVersion = "2026-10";

let loaded: GraphQLSchema | undefined;

/** The official schema, read once a process: it takes a quarter of a second and 40 MB. */
export const shopifySchema = (): GraphQLSchema => {
  if (loaded === undefined) {
    const file = new URL(
      `../../../contracts/shopify/schema/admin_${apiVersion}.introspection.json.gz`,
      import.meta.url,
    );
    const { data } = JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")) as {
      readonly data: IntrospectionQuery;
    };
    loaded = buildClientSchema(data, { assumeValid: true });
  }
  return loaded;
};
