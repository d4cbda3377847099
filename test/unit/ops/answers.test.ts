import { Hono } from "hono";
import { expect, test } from "vitest";
import { CommitUnknownError } from "../../../src/db/transaction.ts";
import { LedgerBusyError } from "../../../src/ledger/lane.ts";
import { answerError } from "../../../src/ops/answer-error.ts";
import { type Health, healthRoutes } from "../../../src/ops/health.ts";
import type { Log } from "../../../src/ops/logger.ts";
import { ProblemError } from "../../../src/ops/problem.ts";
import { readBody } from "../../../src/ops/read-body.ts";
import { securityHeaders } from "../../../src/ops/security-headers.ts";
import type { WebEnv } from "../../../src/ops/web-env.ts";
import { fakeClock } from "../access/fake-clock.ts";

const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

test.each([
  ["a bug", new TypeError("cannot read sku of undefined at /srv/x.ts"), 500, null],
  ["a full ledger", new LedgerBusyError(), 503, "1"],
  [
    "a refused connection",
    Object.assign(new AggregateError([Object.assign(new Error(""), { code: "ECONNREFUSED" })], ""), {}),
    503,
    "5",
  ],
  ["a database that shuts down", Object.assign(new Error("terminating"), { code: "57P01" }), 503, "5"],
  ["a commit without an answer", new CommitUnknownError(new Error("10.0.0.5")), 503, "5"],
  ["a mistake in our SQL", Object.assign(new Error('column "secret" does not exist'), { code: "42703" }), 500, null],
])("%s is answered without a word about our inside", async (_name, error, status, retryAfter) => {
  const response = answerError(error, log, {});
  expect([response.status, response.headers.get("retry-after")]).toEqual([status, retryAfter]);
  expect(await response.text()).not.toMatch(/srv|10\.0\.0|secret|sku|terminating/);
});

test("a problem is answered with its stable type and the errors it names", async () => {
  const errors = [{ field: "a", problem: "b", fix: "c" }];
  const response = answerError(
    new ProblemError("invalid-request", { detail: "d", errors, headers: { "x-a": "1" } }),
    log,
    {},
  );
  expect(response.headers.get("x-a")).toBe("1");
  expect(await response.json()).toEqual({
    type: "urn:lockstep:problem:invalid-request",
    title: "The request has mistakes",
    status: 422,
    detail: "d",
    errors,
  });
});

test("a body is read as the exact bytes, up to its limit", async () => {
  const request = (body: string | Uint8Array<ArrayBuffer> | null): Request =>
    new Request("http://x/", body === null ? {} : { method: "POST", body });
  expect(await readBody(request(null), 10)).toHaveLength(0);
  expect(Buffer.from((await readBody(request(Buffer.from([0, 255, 13, 10])), 4)) ?? [])).toEqual(
    Buffer.from([0, 255, 13, 10]),
  );
  expect(await readBody(request("12345"), 4)).toBeUndefined();
});

const health = async (answer: () => Promise<Health>): Promise<{ status: number; text: string }> => {
  const response = await healthRoutes({ clock: fakeClock(), log, health: answer }).request("/health");
  return { status: response.status, text: await response.text() };
};

test("health says which check fails, but not how", async () => {
  const failing = await health(async () => ({
    ok: false,
    checks: [{ name: "database", ok: false, detail: "db-7.internal refused" }],
  }));
  expect(failing).toEqual({ status: 503, text: '{"status":"failing","checks":[{"name":"database","ok":false}]}' });
  expect((await health(async () => ({ ok: true, checks: [] }))).status).toBe(200);
  expect((await health(() => Promise.reject(new Error("bug")))).status).toBe(503);
});

test("callers that come at once share one round of checks", async () => {
  let rounds = 0;
  const gate = Promise.withResolvers<Health>();
  const app = healthRoutes({
    clock: fakeClock(),
    log,
    health: () => {
      rounds += 1;
      return gate.promise;
    },
  });
  const answers = Promise.all(Array.from({ length: 20 }, async () => app.request("/health")));
  gate.resolve({ ok: true, checks: [] });
  expect((await answers).every((response) => response.status === 200)).toBe(true);
  expect(rounds).toBe(1);
});

test("every answer forbids framing, sniffing, caching and foreign content; errors too", async () => {
  const app = new Hono<WebEnv>();
  app.onError((error) => answerError(error, log, {}));
  app.use(securityHeaders({ https: true }));
  app.get("/ok", (c) => c.text("ok"));
  app.get("/bad", () => {
    throw new Error("bad");
  });
  for (const path of ["/ok", "/bad", "/missing", "/console", "/board/x"]) {
    const { headers } = await app.request(path);
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none';.*frame-ancestors 'none'/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
  }
});
