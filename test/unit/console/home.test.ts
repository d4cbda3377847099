import { expect, test } from "vitest";
import { issueSession } from "../../../src/access/session.ts";
import type { User } from "../../../src/access/users.ts";
import { type AccountsView, consoleRoutes } from "../../../src/console/home.ts";
import { Secret } from "../../../src/core/secret.ts";
import { answerError } from "../../../src/ops/answer-error.ts";
import { createEndedSessions } from "../../../src/ops/signed-in.ts";
import { fakeClock } from "../access/fake-clock.ts";

const clock = fakeClock();
const secretKey = new Secret("k".repeat(64));
const user: User = { name: "sam", password: new Secret("p"), role: "support" };
const view: AccountsView = {
  accounts: [
    {
      id: "shop-de",
      channel: "shopify",
      state: "needs-attention",
      stateReason: "<script>alert(1)</script>",
      stateSince: "2026-03-01T08:00:00.000Z",
      figures: { "pushes owed": 3 },
    },
  ],
  queues: [{ name: "push-account", counts: { waiting: 2, failed: 1 } }],
};

const ask = async (path: string, headers: Record<string, string> = {}): Promise<Response> => {
  const signIn = { settings: { users: [user], secretKey }, clock, ended: createEndedSessions(clock) };
  const app = consoleRoutes({ signIn, accountsView: async () => view });
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  app.onError((error) => answerError(error, quiet, {}));
  return app.request(path, { headers });
};
const cookie = `lockstep_session=${issueSession(secretKey, { id: "s", user, expiresAtMs: clock.now() + 1_000 })}`;

test("the console shows accounts with state and reason, and queues with their counts, all escaped", async () => {
  const text = await (await ask("/console", { cookie })).text();
  expect(text).toContain("shop-de");
  expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(text).not.toContain("<script");
  expect(text).toContain('<th class="figure" scope="col">pushes owed</th>');
  expect(text).toContain('href="/board/queue/push-account"');
  expect(text).toContain("sam, support");
});

test("without a session a browser is sent to the login form, and everything else is told 401", async () => {
  const browser = await ask("/console", { accept: "text/html,*/*" });
  expect([browser.status, browser.headers.get("location")]).toEqual([302, "/login?next=%2Fconsole"]);
  expect((await ask("/console")).status).toBe(401);
  expect((await ask("/console", { cookie: "lockstep_session=a.b" })).status).toBe(401);
});

test("the login form's style sheet needs no session", async () => {
  const response = await ask("/console/style.css");
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/css; charset=utf-8"]);
});
