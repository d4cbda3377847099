import type { Connector } from "../../src/connectors/connector.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import type { AccountPlan, JobDeps } from "../../src/jobs/deps.ts";
import { startPlan } from "../../src/jobs/make-plan.ts";
import { startRestore } from "../../src/jobs/restore-plan.ts";
import { workPlan } from "../../src/jobs/work-plan.ts";
import { setLinks } from "../../src/mapping/links.ts";
import { isMade, type MadePlan, planById } from "../../src/sync/plan-rows.ts";
import { askApply } from "../../src/sync/plan-work.ts";
import { ensureTargets } from "../../src/sync/targets.ts";
import { accountId, JobBench } from "./job-bench.ts";

const never = new AbortController().signal;

/** A shop that was just connected, read-only, with the guards of the settings' defaults and batches of a real size. */
export class PlanBench {
  readonly jobs: JobBench;
  readonly deps: JobDeps;

  private constructor(jobs: JobBench, batchMax: number, over: Partial<JobDeps>) {
    this.jobs = jobs;
    const toy = jobs.deps.connectorFor(accountId);
    const plan = jobs.deps.planFor(accountId);
    if (toy === undefined || plan === undefined) throw new Error("the bench has no account");
    const connector: Connector = { ...toy, limits: { ...toy.limits, pushBatchMax: batchMax, readBatchMax: batchMax } };
    const guards = {
      maxZeroedCount: 20,
      maxZeroedPercent: 10,
      maxLoweredCount: 1_000,
      maxLoweredPercent: 50,
      maxRaisedCount: 100,
      maxRaisedPercent: 50,
    };
    const guarded: AccountPlan = { ...plan, guards };
    this.deps = { ...jobs.deps, connectorFor: () => connector, planFor: () => guarded, ...over };
  }

  static async open(batchMax = 250, over: Partial<JobDeps> = {}): Promise<PlanBench> {
    const jobs = await JobBench.open();
    await jobs.rows("update account set state = 'read-only'");
    return new PlanBench(jobs, batchMax, over);
  }

  /** Imported; what the ledger does not know is linked by hand to a SKU of the same name. */
  async connect(): Promise<void> {
    await this.jobs.run("import-listings");
    await this.jobs.run("poll-orders");
    const rows = await this.jobs.rows<{ id: number; ref: string }>(
      "select id, ref from listing l where not exists (select 1 from listing_link k where k.listing_id = l.id) order by id",
    );
    const now = this.jobs.clock.iso();
    await inTransaction(this.deps.db, async (tx) => {
      for (const { id, ref } of rows) await setLinks(tx, id, [{ sku: ref, units: 1 }], "test", now);
      await ensureTargets(
        tx,
        rows.map(({ id }) => id),
        now,
      );
    });
  }

  /** Until the plan has ended, in stretches as long as a command's. */
  async work(planId: number): Promise<void> {
    for (let turns = 0; turns < 1_000; turns += 1) {
      const { ended, waitMs } = await workPlan(this.deps, planId, { signal: never, drain: never, forMs: 3_000 });
      if (ended) return;
      this.jobs.clock.advance(waitMs);
    }
    throw new Error("the plan found no end");
  }

  /** Until it would wait for the first time; then the process is gone, and all that it had in memory. */
  async workOnce(planId: number): Promise<void> {
    await workPlan(this.deps, planId, { signal: never, drain: never, forMs: 1 });
  }

  async plan(planId: number): Promise<MadePlan> {
    const row = await planById(this.deps.db, planId);
    if (row === undefined || !isMade(row)) throw new Error("the plan is not made");
    return row;
  }

  async make(): Promise<MadePlan> {
    const plan = this.deps.planFor(accountId);
    if (plan === undefined) throw new Error("no plan");
    const id = await startPlan(this.deps, plan, { actor: "test", drivenBy: "command" });
    await this.work(id);
    return this.plan(id);
  }

  async ask(planId: number, options: { readonly override?: string; readonly canary?: number } = {}): Promise<void> {
    await inTransaction(this.deps.db, (tx) =>
      askApply(tx, {
        planId,
        accountId,
        actor: "test",
        overrideReason: options.override ?? null,
        canaryCount: options.canary ?? 5,
        drivenBy: "command",
        now: this.jobs.clock.iso(),
      }),
    );
  }

  async apply(
    planId: number,
    options: { readonly override?: string; readonly canary?: number } = {},
  ): Promise<MadePlan> {
    await this.ask(planId, options);
    await this.work(planId);
    return this.plan(planId);
  }

  async restore(planId: number): Promise<MadePlan> {
    await startRestore(this.deps, await this.plan(planId), "test");
    await this.work(planId);
    return this.plan(planId);
  }

  async accountState(): Promise<string | undefined> {
    return (await this.jobs.rows<{ state: string }>("select state from account"))[0]?.state;
  }

  close(): Promise<void> {
    return this.jobs.close();
  }
}
