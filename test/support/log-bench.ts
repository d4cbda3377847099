import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "../../src/core/secret.ts";
import { execute, type Queryable, sql } from "../../src/db/sql.ts";
import type { KeepDeps } from "../../src/ledger/log/keep-heads.ts";
import { seal, unsealedCount } from "../../src/ledger/log/seal.ts";
import { signerOf } from "../../src/ledger/log/signing-key.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { TestClock } from "./test-clock.ts";
import { until } from "./until.ts";

/** Movements written as plain rows: the log asks for facts, not for how they came about. */
export const insertMovements = async (on: Queryable, count: number, sku = "MUG"): Promise<void> => {
  await execute(
    on,
    sql`
      insert into movement (command_key, leg, kind, sku, location_id, d_on_hand, d_reserved, d_incoming, on_hand_after,
                            reserved_after, incoming_after, level_version, cause_type, cause_id, actor, reason,
                            occurred_at, recorded_at)
      select ${`${sku}:`} || n, 0, 'receipt', ${sku}, 'main', 1, 0, 0, n, 0, 0, n, 'receipt', 'test ' || n, 'test',
             case when n % 2 = 0 then 'größer' || chr(8232) || '"quoted"' end, '2026-11-20T09:00:00.123456Z', now()
        from (select n + (select coalesce(max(level_version), 0) from movement where sku = ${sku}) as n
                from generate_series(1, ${count}::int) n) numbered`,
  );
};

/** A ledger's log on a database of its own, with a folder for the heads outside. */
export class LogBench {
  readonly clock = new TestClock();
  readonly database: TestDatabase;
  readonly folder = mkdtempSync(join(tmpdir(), "lockstep-log-"));
  readonly headFile = join(this.folder, "heads", "tree-heads.jsonl");
  readonly said: string[] = [];
  readonly deps: KeepDeps;

  private constructor(database: TestDatabase, secret: string) {
    this.database = database;
    this.deps = {
      db: database.db,
      clock: this.clock,
      signer: signerOf(new Secret(secret)),
      headFiles: [this.headFile],
      log: { warn: (_fields, text) => this.said.push(text), error: (_fields, text) => this.said.push(text) },
    };
  }

  static async open(secret = "a".repeat(64)): Promise<LogBench> {
    return new LogBench(await createTestDatabase(), secret);
  }

  /** Seals until nothing is left. Other databases of the server may hold back the oldest transaction for a moment. */
  async sealAll(rowsMax = 10_000): Promise<void> {
    this.clock.advance(1_000);
    await until(async () => {
      await seal(this.deps, rowsMax);
      return (await unsealedCount(this.database.db, 1)) === 0;
    });
  }

  async grow(count: number, sku = "MUG"): Promise<void> {
    await insertMovements(this.database.db, count, sku);
    await this.sealAll();
  }

  /** What only a superuser can do: past triggers. */
  async asSuperuser(...statements: readonly string[]): Promise<void> {
    const client = await this.database.db.pool.connect();
    try {
      await client.query("set session_replication_role = replica");
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.query("reset session_replication_role");
      client.release();
    }
  }

  tearHeadFile(text: string): void {
    appendFileSync(this.headFile, text);
  }

  async close(): Promise<void> {
    await this.database.drop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
