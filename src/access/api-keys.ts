import { z } from "zod";
import { type Clock, toIso } from "../core/clock.ts";
import { sha256Hex } from "../core/digest.ts";
import type { Db } from "../db/pool.ts";
import { execute, type Queryable, query, queryOne, sql } from "../db/sql.ts";
import { inTransaction } from "../db/transaction.ts";
import { writeAudit } from "./audit.ts";
import { newKeyText, type SecretBytes } from "./key-text.ts";

/** What a key may do. A route names exactly one of these. */
export const scopes = ["inventory:read", "inventory:write", "metrics:read", "plans:read", "plans:apply"] as const;
export const Scope = z.enum(scopes);
export type Scope = z.infer<typeof Scope>;

// A scope that only another version knows grants nothing here, and must not make the key unreadable.
const KnownScopes = z.array(z.string()).transform((names) => scopes.filter((scope) => names.includes(scope)));

export const ApiKey = z.object({ id: z.number(), name: z.string(), prefix: z.string(), scopes: KnownScopes });
export type ApiKey = z.infer<typeof ApiKey>;

export const ListedApiKey = ApiKey.extend({ createdAt: z.string(), revokedAt: z.string().nullable() });
export type ListedApiKey = z.infer<typeof ListedApiKey>;

export type AccessDeps = { readonly db: Db; readonly clock: Clock };

const ApiKeyName = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,62}$/u, "must be 1 to 63 letters, digits, spaces, dots, dashes");

/**
 * Makes a key and returns its text, which is kept nowhere and can never be shown again. Errors: `ZodError` for a bad
 * name or scope.
 */
export const createApiKey = async (
  deps: AccessDeps & { readonly random: SecretBytes },
  wanted: { readonly name: string; readonly scopes: readonly string[]; readonly actor: string },
): Promise<{ readonly key: ApiKey; readonly text: string }> => {
  const name = ApiKeyName.parse(wanted.name);
  const granted = z
    .array(Scope)
    .min(1, "a key needs at least one scope")
    .parse([...new Set(wanted.scopes)]);
  const { text, prefix } = newKeyText(deps.random);
  const now = toIso(deps.clock.now());
  const key = await inTransaction(deps.db, async (tx) => {
    const row = await queryOne(
      tx,
      ApiKey,
      sql`
        insert into api_key (name, prefix, key_hash, scopes, created_at)
        values (${name}, ${prefix}, ${sha256Hex(text)}, ${granted}, ${now}::timestamptz)
        returning id, name, prefix, scopes`,
    );
    if (row === undefined) throw new Error("the new API key was not returned");
    await writeAudit(tx, {
      at: now,
      actor: wanted.actor,
      action: "api-key.create",
      subject: prefix,
      detail: { name, scopes: granted },
    });
    return row;
  });
  return { key, text };
};

/** Ends a key by its prefix; every process refuses it within 5 s. Returns false when there is no such key in force. */
export const revokeApiKey = async (
  deps: AccessDeps,
  chosen: { readonly prefix: string; readonly actor: string },
): Promise<boolean> => {
  const now = toIso(deps.clock.now());
  return inTransaction(deps.db, async (tx) => {
    const ended = await execute(
      tx,
      sql`update api_key set revoked_at = ${now}::timestamptz where prefix = ${chosen.prefix} and revoked_at is null`,
    );
    if (ended === 0) return false;
    await writeAudit(tx, {
      at: now,
      actor: chosen.actor,
      action: "api-key.revoke",
      subject: chosen.prefix,
      detail: {},
    });
    return true;
  });
};

export const listApiKeys = (on: Queryable): Promise<readonly ListedApiKey[]> =>
  query(
    on,
    ListedApiKey,
    sql`
      select id, name, prefix, scopes, to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt",
             to_char(revoked_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "revokedAt"
        from api_key order by id`,
  );

/** The key in force with this hash. Looked up by an index over hashes, so timing tells nothing about the key. */
export const findApiKey = (on: Queryable, keyHash: string): Promise<ApiKey | undefined> =>
  queryOne(
    on,
    ApiKey,
    sql`select id, name, prefix, scopes from api_key where key_hash = ${keyHash} and revoked_at is null`,
  );
