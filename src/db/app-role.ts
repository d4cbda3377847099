import pg from "pg";

/** The role that a server of our own works as. */
export const appRoleDefault = "lockstep_app";
const appRolePattern = /^[a-z_][a-z0-9_]{0,62}$/;

/** Written once and never changed: no UPDATE, no DELETE. Whatever is not named here may be changed, and nothing truncated. */
const insertOnly = [
  "movement",
  "ledger_command",
  "oversell_incident",
  "ledger_log_batch",
  "ledger_log_head",
  "audit_entry",
  "api_request",
];
const privilegesOf = (table: string): readonly string[] => {
  if (table === "schema_migration") return ["SELECT"];
  // MAINTAIN lets the sealer lock the journal for a moment after a dump was restored elsewhere, and no more.
  if (table === "movement") return ["INSERT", "MAINTAIN", "SELECT"];
  if (insertOnly.includes(table)) return ["INSERT", "SELECT"];
  if (table === "ledger_log_tile") return ["INSERT", "SELECT", "UPDATE"];
  return ["DELETE", "INSERT", "SELECT", "UPDATE"];
};

/** Of two processes that start at once, one grants: Postgres fails the second of two grants on the same table. */
const grantLock = 4_711_003;
const firstMajorWithMaintain = 17;

type TableRow = {
  readonly name: string;
  readonly is_partition: boolean;
  readonly is_view: boolean;
  readonly granted: readonly string[];
};

const ensureRole = async (client: pg.Client, role: string): Promise<void> => {
  const found = await client.query<{ superuser: boolean; owns: boolean; member: boolean }>(
    `select rolsuper as superuser, pg_has_role(current_user, oid, 'member') as member,
            exists (select from pg_class where relname = 'movement' and relowner = r.oid) as owns
       from pg_roles r where rolname = $1`,
    [role],
  );
  const row = found.rows[0];
  if (row === undefined) {
    await client.query(`create role ${role} nologin`).catch((error: Error) => {
      throw new Error(
        `there is no role ${role} and this login cannot make it (${error.message}); as an administrator: create role ${role} nologin`,
      );
    });
  }
  if (row?.superuser === true || row?.owns === true)
    throw new Error(`${role} is a superuser or owns the tables: nothing can be kept from it; name another role`);
  if (row?.member !== true) await client.query(`grant ${role} to current_user`);
};

const grantTables = async (client: pg.Client, role: string): Promise<number> => {
  const version = await client.query<{ major: number }>(
    "select current_setting('server_version_num')::int / 10000 as major",
  );
  const known = (privilege: string): boolean =>
    privilege !== "MAINTAIN" || (version.rows[0]?.major ?? 0) >= firstMajorWithMaintain;
  const tables = await client.query<TableRow>(
    `select c.relname as name, c.relispartition as is_partition, c.relkind = 'v' as is_view,
            coalesce((select array_agg(a.privilege_type::text order by a.privilege_type)
                        from aclexplode(c.relacl) a join pg_roles r on r.oid = a.grantee and r.rolname = $1), '{}') as granted
       from pg_class c
      where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v')
      order by c.relname`,
    [role],
  );
  let changed = 0;
  for (const { name, is_partition, is_view, granted } of tables.rows) {
    // Through the journal its parts need no grant of their own.
    const wanted = is_partition ? [] : is_view ? ["SELECT"] : privilegesOf(name).filter(known);
    if (granted.join() === wanted.join()) continue;
    const table = pg.escapeIdentifier(name);
    await client.query(`revoke all on ${table} from ${role}`);
    if (wanted.length > 0) await client.query(`grant ${wanted.join(", ")} on ${table} to ${role}`);
    changed += 1;
  }
  return changed;
};

/**
 * Lets `role` do what Lockstep does at work, table by table, and nothing else; makes the role when it is not there. To be
 * run by the owner of the tables after each migration; changes nothing when all is granted. Returns how many tables changed.
 * Errors: a plain one that says what an administrator must do.
 */
export const grantAppRole = async (url: string, role: string): Promise<number> => {
  if (!appRolePattern.test(role)) throw new Error(`${JSON.stringify(role)} is not a role's name in lower case`);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [grantLock]);
    await ensureRole(client, role);
    const changed = await grantTables(client, role);
    const usage = await client.query<{ missing: boolean }>(
      `select not has_schema_privilege($1, current_schema(), 'usage')
              or not has_sequence_privilege($1, 'movement_id_seq', 'usage') as missing`,
      [role],
    );
    if (usage.rows[0]?.missing === true) {
      const schema = await client.query<{ name: string }>("select quote_ident(current_schema()) as name");
      await client.query(`grant usage on schema ${schema.rows[0]?.name} to ${role}`);
      await client.query(`grant usage on sequence movement_id_seq to ${role}`);
    }
    return changed;
  } finally {
    await client.end();
  }
};
