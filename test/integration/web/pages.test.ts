import { afterAll, beforeAll, expect, test } from "vitest";
import { latestAudit } from "../../../src/access/audit.ts";
import type { BoardQueue } from "../../../src/ops/board.ts";
import { openQueueServer, type QueueServer } from "../../../src/queue/backend.ts";
import { startWeb, type Web } from "./web.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
let web: Web;
let server: QueueServer;
let queue: BoardQueue;

beforeAll(async () => {
  web = await startWeb(async (database) => {
    // The backend that is always there; the board does not know the difference.
    server = openQueueServer({ kind: "postgres", url: database.url }, quiet);
    const opened = server.openQueue("ingest");
    await opened.add("ingest", { accountId: "shop-de" });
    queue = opened;
    return { boardQueues: () => [opened] };
  });
});
afterAll(async () => {
  await server.close();
  await web.database.drop();
});

/** What a browser would keep of an answer's cookies. */
const cookiesOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0] ?? "")
    .filter((cookie) => !cookie.endsWith("="))
    .join("; ");
const tokenIn = (page: string): string => /name="token" value="([^"]+)"/.exec(page)?.[1] ?? "";
const from = (address: string): never => ({ incoming: { socket: { remoteAddress: address } } }) as never;

const tryLogin = async (name: string, password: string, address = "10.1.1.1", next = "/console"): Promise<Response> => {
  const form = await web.app.request("/login");
  const body = new URLSearchParams({ name, password, next, token: tokenIn(await form.text()) });
  return web.app.request(
    "/login",
    {
      method: "POST",
      body: body.toString(),
      headers: { cookie: cookiesOf(form), "content-type": "application/x-www-form-urlencoded" },
    },
    from(address),
  );
};
const login = async (name: "olga" | "sam"): Promise<string> => {
  const response = await tryLogin(name, name === "olga" ? "operator's password" : "support's password");
  expect(response.status).toBe(303);
  return cookiesOf(response);
};
const ours = { origin: "http://localhost" };
type Init = Omit<RequestInit, "headers"> & { readonly headers?: Readonly<Record<string, string>> };
const ask = async (path: string, cookie: string, init: Init = {}): Promise<Response> =>
  web.app.request(path, { ...init, headers: { cookie, ...init.headers } });

test("the right password opens the console; the cookie is HttpOnly and SameSite=Strict", async () => {
  const response = await tryLogin("olga", "operator's password", "10.1.1.1", "/board/queue/ingest");
  expect([response.status, response.headers.get("location")]).toEqual([303, "/board/queue/ingest"]);
  const cookie = response.headers.getSetCookie().find((one) => one.startsWith("lockstep_session=")) ?? "";
  expect(cookie).toMatch(/HttpOnly/);
  expect(cookie).toMatch(/SameSite=Strict/);
  expect(cookie).toMatch(/Max-Age=43200/);
  const console = await ask("/console", cookiesOf(response));
  expect(console.status).toBe(200);
  expect(console.headers.get("cache-control")).toBe("no-store");
  expect(await console.text()).toContain("olga, operator");
});

test("a login never leads to somebody else's site", async () => {
  for (const next of [
    "https://evil.example",
    "//evil.example",
    "/console/../x",
    "/board\\evil",
    "javascript:alert(1)",
    "/consoleevil",
  ]) {
    expect((await tryLogin("olga", "operator's password", "10.1.1.1", next)).headers.get("location")).toBe("/console");
  }
});

test("a login form without its token, or with another form's, is not taken", async () => {
  const body = new URLSearchParams({ name: "olga", password: "operator's password", token: "x" }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  expect((await web.app.request("/login", { method: "POST", body, headers })).status).toBe(401);
  const other = await web.app.request("/login");
  expect(
    (await ask("/login", cookiesOf(other), { method: "POST", body, headers })).headers.getSetCookie().join(),
  ).not.toContain("lockstep_session");
});

test("after ten wrong passwords an address has to wait; others do not", async () => {
  for (let guess = 0; guess < 10; guess += 1)
    expect((await tryLogin("olga", `guess ${guess}`, "10.6.6.6")).status).toBe(401);
  const limited = await tryLogin("olga", "operator's password", "10.6.6.6");
  expect(limited.status).toBe(429);
  expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(200);
  expect((await tryLogin("olga", "operator's password", "10.6.6.7")).status).toBe(303);
});

test("signing out needs the form's token and ends copies of the cookie too", async () => {
  const cookie = await login("sam");
  const token = tokenIn(await (await ask("/console", cookie)).text());
  const post = (value: string): Promise<Response> =>
    ask("/logout", cookie, { method: "POST", body: new URLSearchParams({ token: value }).toString() });
  expect((await post("wrong")).status).toBe(403);
  expect((await ask("/console", cookie)).status).toBe(200);
  expect((await post(token)).status).toBe(303);
  expect((await ask("/console", cookie)).status).toBe(401);
});

test("nothing of the board is answered without a session, its scripts and its API included", async () => {
  const cookie = await login("sam");
  const page = await (await ask("/board", cookie)).text();
  const script = /src="(static\/js\/main[^"]+)"/.exec(page)?.[1] ?? "";
  expect(script).not.toBe("");
  for (const path of ["/board", "/board/", `/board/${script}`, "/board/api/queues", "/board/queue/ingest"]) {
    expect([path, (await web.app.request(path)).status]).toEqual([path, 401]);
  }
  expect((await web.app.request("/board", { headers: { accept: "text/html" } })).headers.get("location")).toBe(
    "/login?next=%2Fboard",
  );
  const served = await ask(`/board/${script}`, cookie);
  expect([served.status, served.headers.get("x-content-type-options")]).toEqual([200, "nosniff"]);
  expect((await served.arrayBuffer()).byteLength).toBeGreaterThan(10_000);
});

test("support sees the queues but cannot act; an operator can, and both are on record with their names", async () => {
  const [support, operator] = [await login("sam"), await login("olga")];
  const path = "/board/api/queues/ingest/pause";
  expect(await (await ask("/board/api/queues", support)).json()).toMatchObject({
    queues: [{ name: "ingest", readOnlyMode: true, counts: { waiting: 1 } }],
  });
  for (const method of ["PUT", "POST", "PATCH", "DELETE"]) {
    expect((await ask(path, support, { method, headers: ours })).status).toBe(403);
  }
  expect(await queue.isPaused()).toBe(false);
  expect((await ask(path, operator, { method: "PUT", headers: ours })).status).toBe(200);
  expect(await queue.isPaused()).toBe(true);
  const entries = await latestAudit(web.deps.db, 10);
  expect(entries).toContainEqual(
    expect.objectContaining({ actor: "user:olga", action: "board.act", subject: `PUT ${path}` }),
  );
  expect(entries).toContainEqual(
    expect.objectContaining({ actor: "user:sam", action: "board.denied", subject: `DELETE ${path}` }),
  );
  await queue.resume();
});

test("a page of another site cannot make an operator's browser act", async () => {
  const operator = await login("olga");
  const path = "/board/api/queues/ingest/pause";
  for (const headers of [
    {},
    { origin: "http://evil.example" },
    { "sec-fetch-site": "cross-site", ...ours },
    { "sec-fetch-site": "same-site" },
  ]) {
    expect((await ask(path, operator, { method: "PUT", headers })).status).toBe(403);
  }
  expect(await queue.isPaused()).toBe(false);
  expect((await ask(path, operator, { method: "PUT", headers: { "sec-fetch-site": "same-origin" } })).status).toBe(200);
  await queue.resume();
});

test("what cannot be put on record is not done", async () => {
  const operator = await login("olga");
  await web.deps.db.pool.query("alter table audit_entry rename to audit_entry_gone");
  const response = await ask("/board/api/queues/ingest/pause", operator, { method: "PUT", headers: ours });
  await web.deps.db.pool.query("alter table audit_entry_gone rename to audit_entry");
  expect(response.status).toBe(500);
  expect(await queue.isPaused()).toBe(false);
});

test("metrics are for this machine, signed-in users and keys with the scope", async () => {
  const scrape = async (address: string, headers: Record<string, string> = {}): Promise<number> =>
    (await web.app.request("/metrics", { headers }, from(address))).status;
  expect(await scrape("127.0.0.1")).toBe(200);
  expect(await scrape("::ffff:127.0.0.1")).toBe(200);
  expect(await scrape("127.0.0.1", { "x-forwarded-for": "203.0.113.9" })).toBe(401);
  expect(await scrape("203.0.113.9")).toBe(401);
  expect(await scrape("203.0.113.9", { authorization: `Bearer ${await web.keyWith("inventory:read")}` })).toBe(403);
  expect(await scrape("203.0.113.9", { authorization: `Bearer ${await web.keyWith("metrics:read")}` })).toBe(200);
  expect(await scrape("203.0.113.9", { cookie: await login("sam") })).toBe(200);
});
