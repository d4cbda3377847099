import { toIso } from "../core/clock.ts";
import { execute, sql } from "../db/sql.ts";
import { openRewind } from "../ledger/log/rewind.ts";
import type { Health } from "../ops/health.ts";
import { listAccounts } from "../sync/accounts.ts";
import { owedWork } from "../sync/owed-work.ts";
import type { WebParts } from "./web.ts";

/** Longer than this, and whatever is owed is not being worked off. */
const owedMsMax = 15 * 60_000;

/** Database, queue, accounts, pushes: one word each. */
export const healthOf = async ({ db, queues, clock }: Pick<WebParts, "db" | "queues" | "clock">): Promise<Health> => {
  const checks: { name: string; ok: boolean; detail: string }[] = [];
  const check = async (name: string, work: () => Promise<string | undefined>): Promise<void> => {
    const complaint = await work().catch((error: Error) => error.message);
    checks.push({ name, ok: complaint === undefined, detail: complaint ?? "ok" });
  };
  await check("database", async () => {
    await execute(db, sql`select 1`);
    return undefined;
  });
  await check("queue", async () => {
    await queues.counts();
    return undefined;
  });
  await check("accounts", async () => {
    const unwell = (await listAccounts(db)).filter((account) => account.state === "needs-attention");
    return unwell.length === 0 ? undefined : `${unwell.map((account) => account.id).join(", ")} need attention`;
  });
  await check("ledger's log", async () => {
    const rewind = await openRewind(db);
    return rewind && `the database was rewound, pushes are frozen: ${rewind.reason}`;
  });
  await check("pushes", async () => {
    const late = (await owedWork(db, toIso(clock.now()))).filter((work) => (work.oldestOwedMs ?? 0) > owedMsMax);
    return late.length === 0 ? undefined : `${late.map((work) => work.accountId).join(", ")} owe pushes for too long`;
  });
  return { ok: checks.every(({ ok }) => ok), checks };
};
