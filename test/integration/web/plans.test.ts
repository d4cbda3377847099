import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { latestAudit } from "../../../src/access/audit.ts";
import { workPlans } from "../../../src/jobs/work-plans.ts";
import { policyVersionOf } from "../../../src/sync/plan-hash.ts";
import { JobBench } from "../../support/job-bench.ts";
import { startWeb, type Web } from "./web.ts";

let web: Web;
let bench: JobBench;
const woken: string[] = [];
const key = { read: "", apply: "", other: "" };

beforeAll(async () => {
  web = await startWeb(async () => ({
    plans: {
      rulesOf: (id) => {
        const plan = bench.deps.planFor(id);
        return plan && { locationId: plan.locationId, policyVersion: policyVersionOf(plan) };
      },
      wake: (id) => woken.push(id),
    },
  }));
  bench = await JobBench.open(web.database);
  await bench.rows("update account set state = 'read-only' where id = 'toy'");
  await bench.rows("update account set state = 'needs-attention' where id = 'shop-de'");
  bench.clock.advance(Date.now() - bench.clock.now());
  for (const [sku, units] of [["A", 9] as const, ["B", 4] as const]) bench.channel.shown.set(sku, units);
  await bench.receive("A", 6);
  await bench.receive("B", 4);
  await bench.run("import-listings");
  await bench.run("poll-orders");
  key.read = await web.keyWith("plans:read");
  key.apply = await web.keyWith("plans:apply");
  key.other = await web.keyWith("plans:apply", "plans:read", "metrics:read");
});
afterAll(() => bench.close());

type Answer = { readonly status: number; readonly body: unknown };
const send = async (
  method: string,
  path: string,
  token: string,
  body?: unknown,
  idempotencyKey = "k",
): Promise<Answer> => {
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    "idempotency-key": idempotencyKey,
  };
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
  const response = await web.app.request(path, init);
  return { status: response.status, body: await response.json() };
};

const Plan = z.object({ id: z.string(), hash: z.string(), state: z.string(), stateReason: z.string().nullable() });
const newest = async (): Promise<z.infer<typeof Plan>> => {
  const { body } = await send("GET", "/v1/plans?account=toy&limit=1", key.read);
  const { plans } = z.object({ plans: z.array(Plan) }).parse(body);
  if (plans[0] === undefined) throw new Error("no plan");
  return plans[0];
};
const workThemAll = async (): Promise<void> => {
  const signal = new AbortController().signal;
  for (let turns = 0; turns < 50; turns += 1) {
    bench.clock.advance(200);
    const run = { payload: { accountId: "toy" }, signal, drain: signal, progress: () => undefined };
    if ((await workPlans.run(run, bench.deps)) === undefined) return;
  }
  throw new Error("the job found no end");
};

test("a plan is made by a job, once for one request, and read page by page", async () => {
  const begun = await send("POST", "/v1/plans", key.read, { account: "toy" }, "first");
  expect(begun).toMatchObject({ status: 202, body: { account: "toy", state: "reading", hash: null, groups: null } });
  expect(await send("POST", "/v1/plans", key.read, { account: "toy" }, "first")).toEqual(begun);
  expect(woken).toEqual(["toy"]);
  await workThemAll();
  const { hash } = await newest();
  const first = await send("GET", `/v1/plans/${hash}?limit=1`, key.read);
  expect(first).toMatchObject({
    status: 200,
    body: {
      plan: { state: "proposed", groups: { lowering: { listings: 1 }, unchanged: { listings: 1 } } },
      lines: [{ listing: "A", group: "lowering", shownUnits: 9, wantedUnits: 6, linkedBy: "auto:exact-sku" }],
    },
  });
  const { next } = z.object({ next: z.string() }).parse(first.body);
  expect(await send("GET", `/v1/plans/${hash.slice(0, 12)}?limit=5&after=${next}`, key.read)).toMatchObject({
    body: { lines: [{ listing: "B", group: "unchanged" }], next: null },
  });
  expect(bench.channel.writes).toEqual([]);
});

test("applying needs a scope of its own, is audited, and a job does it", async () => {
  const { hash } = await newest();
  expect(await send("POST", `/v1/plans/${hash}/apply`, key.read, {})).toMatchObject({ status: 403 });
  expect(bench.channel.writes).toEqual([]);
  expect(await send("POST", `/v1/plans/${hash}/apply`, key.apply, { canary: 1 }, "go")).toMatchObject({
    status: 202,
    body: { state: "checking" },
  });
  await workThemAll();
  expect(bench.channel.writes).toMatchObject([{ ref: "A", units: 6 }]);
  expect(await newest()).toMatchObject({ state: "applied" });
  expect(await bench.rows("select state from account where id = 'toy'")).toEqual([{ state: "live" }]);
  // The same request again: done. Somebody else's: refused.
  expect(await send("POST", `/v1/plans/${hash}/apply`, key.apply, { canary: 1 }, "go")).toMatchObject({ status: 202 });
  expect(await send("POST", `/v1/plans/${hash}/apply`, key.other, { canary: 1 }, "go")).toMatchObject({
    status: 409,
    body: { type: "urn:lockstep:problem:plan-refused", detail: expect.stringContaining("has been applied already") },
  });
  const audit = await latestAudit(web.database.db, 100);
  expect(audit.filter(({ action }) => action.startsWith("plan."))).toMatchObject([
    { action: "plan.apply", subject: hash, actor: "api:test 1", detail: { account: "toy", canary: 1 } },
    { action: "plan.make", subject: "toy" },
  ]);
});

test("a plan that passes a limit is refused until somebody says why it may", async () => {
  await bench.rows("update account set state = 'read-only' where id = 'toy'");
  await bench.rows("update stock_level set on_hand = 0");
  await send("POST", "/v1/plans", key.read, { account: "toy" }, "second");
  await workThemAll();
  const { hash } = await newest();
  expect(await send("POST", `/v1/plans/${hash}/apply`, key.apply, {}, "no")).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining("none would show any stock") },
  });
  const said = { overrideReason: "we close the shop" };
  expect(await send("POST", `/v1/plans/${hash}/apply`, key.apply, said, "no")).toMatchObject({ status: 422 });
  expect(await send("POST", `/v1/plans/${hash}/apply`, key.apply, said, "yes")).toMatchObject({ status: 202 });
  await workThemAll();
  expect(Object.fromEntries(bench.channel.shown)).toEqual({ A: 0, B: 0 });
});

test("what is not there, and what is no plan, is told as what it is", async () => {
  expect(await send("GET", "/v1/plans/0123456789abcdef", key.read)).toMatchObject({
    status: 404,
    body: { type: "urn:lockstep:problem:unknown-plan" },
  });
  expect(await send("GET", "/v1/plans/nonsense", key.read)).toMatchObject({ status: 422 });
  expect(await send("POST", "/v1/plans", key.read, { account: "nowhere" }, "third")).toMatchObject({ status: 404 });
});
