import { type GraphQLResolveInfo, getDirectiveValues } from "graphql";
import { fingerprint } from "../../core/digest.ts";
import type { Entry } from "./entries.ts";
import { refusal } from "./refusals.ts";
import type { Arguments } from "./views.ts";
import type { World } from "./world.ts";

const keptMs = 24 * 3_600_000;

export type UserError = { readonly field: readonly string[] | null; readonly message: string; readonly code: string };

/** The key of `@idempotent` on this field. Missing since 2026-04: BAD_REQUEST (recorded); no schema says so. */
export const requiredKey = (info: GraphQLResolveInfo): string => {
  const directive = info.schema.getDirective("idempotent");
  const node = info.fieldNodes[0];
  if (directive === null || directive === undefined || node === undefined)
    throw new TypeError("no @idempotent in the schema");
  const key: unknown = getDirectiveValues(directive, node, info.variableValues)?.["key"];
  if (key === undefined) {
    throw refusal("BAD_REQUEST", "The @idempotent directive is required for this mutation but was not provided.", [
      node,
    ]);
  }
  if (typeof key !== "string" || key.trim() === "") {
    throw refusal("BAD_REQUEST", "The idempotency key must not be blank.", [node]);
  }
  return key;
};

/**
 * Remembers keys for 24 h, a field at a time. The same key with other parameters is refused; with the same ones the
 * mutation simply runs again: probed on a live shop, a repeat after success is *not* answered with the first result
 * (channel document §4.2). It is compare-and-set that keeps the repeat from doing harm.
 */
export const createIdempotency =
  (deps: {
    readonly world: World;
    readonly commit: (entry: Entry) => void;
    readonly now: () => number;
    readonly speedUp: number;
  }) =>
  (key: string, args: Arguments, info: GraphQLResolveInfo): UserError | undefined => {
    const { world } = deps;
    const atMs = deps.now();
    for (const [old, { atMs: usedMs }] of world.usedKeys) {
      if (usedMs > atMs - keptMs / deps.speedUp) break;
      world.usedKeys.delete(old);
    }
    const name = `${info.fieldName}/${key}`;
    const given = fingerprint(args);
    const used = world.usedKeys.get(name);
    if (used === undefined) deps.commit({ kind: "key-used", atMs, key: name, fingerprint: given });
    if (used === undefined || used.fingerprint === given) return undefined;
    return {
      field: null,
      message: "The same idempotency key cannot be used with different operation parameters.",
      code: "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
    };
  };
export type Idempotency = ReturnType<typeof createIdempotency>;
