import { connect } from "node:net";
import { Hono } from "hono";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { serveWeb, type WebServer } from "../../../src/api/serve-web.ts";
import type { Connector, Verification } from "../../../src/connectors/connector.ts";
import { query, sql } from "../../../src/db/sql.ts";
import type { WebEnv } from "../../../src/ops/web-env.ts";
import { until } from "../../support/until.ts";
import { startWeb, type Web } from "./web.ts";

let web: Web;
let server: WebServer;
let verify: (body: string) => Verification;
const connector: Pick<Connector, "channel" | "webhooks"> = {
  channel: "shopify",
  webhooks: { verify: async (request) => verify(Buffer.from(request.body).toString()) },
};

beforeAll(async () => {
  web = await startWeb(async () => ({
    connectorFor: (id) => (id === "shop-de" ? (connector as Connector) : undefined),
  }));
  server = await serveWeb(web.app, { host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await server.close();
  await web.database.drop();
});

const url = (path: string): string => `http://127.0.0.1:${server.port}${path}`;
const delivered = (id: string): Verification => ({
  kind: "delivery",
  delivery: { id, topic: "orders/updated", payload: { id }, sourceAt: null },
});

/** Sends raw bytes over a socket of its own and returns everything that comes back until the server closes or answers. */
const raw = (port: number, text: string): Promise<string> =>
  new Promise((resolve) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString();
      if (received.includes("\r\n\r\n")) socket.end();
    });
    socket.on("error", () => resolve(received));
    socket.on("close", () => resolve(received));
  });

test("a webhook delivered fifty times at once over real sockets is kept once, and every one is acknowledged", async () => {
  verify = () => delivered("once");
  const responses = await Promise.all(
    Array.from({ length: 50 }, () => fetch(url("/webhooks/shopify/shop-de"), { method: "POST", body: "{}" })),
  );
  expect(responses.every((response) => response.status === 200)).toBe(true);
  const rows = await query(
    web.deps.db,
    z.object({ state: z.string(), door: z.string(), digest: z.string() }),
    sql`select state, door, body_digest as digest from inbox where delivery_id = 'once'`,
  );
  expect(rows).toEqual([
    { state: "received", door: "webhook", digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
  ]);
  expect(web.woken).toContain("ingest shop-de");
});

test("an authentic message that is not understood lies in the inbox as a dead letter", async () => {
  verify = () => ({ kind: "malformed", id: "bad-1", topic: "orders/updated", reason: "quantity is not a number" });
  expect((await fetch(url("/webhooks/shopify/shop-de"), { method: "POST", body: "{}" })).status).toBe(200);
  const rows = await query(
    web.deps.db,
    z.object({ state: z.string(), reason: z.string() }),
    sql`select state, reason from inbox where delivery_id = 'bad-1'`,
  );
  expect(rows).toEqual([{ state: "dead", reason: "quantity is not a number" }]);
});

test("text that Postgres cannot hold becomes a dead letter instead of an endless retry", async () => {
  verify = () => ({
    kind: "delivery",
    delivery: { id: "nul", topic: "t", payload: { note: "a\u0000b" }, sourceAt: null },
  });
  expect((await fetch(url("/webhooks/shopify/shop-de"), { method: "POST", body: "{}" })).status).toBe(200);
  const rows = await query(
    web.deps.db,
    z.object({ state: z.string() }),
    sql`select state from inbox where delivery_id = 'nul'`,
  );
  expect(rows).toEqual([{ state: "dead" }]);
});

test("a chunked body without end is cut off at the limit", async () => {
  verify = () => delivered("too-large");
  const head = "POST /webhooks/shopify/shop-de HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
  expect(await raw(server.port, head + chunk.repeat(17))).toMatch(/^HTTP\/1\.1 413 /);
  const rows = await query(
    web.deps.db,
    z.object({ n: z.number() }),
    sql`select count(*) as n from inbox where delivery_id = 'too-large'`,
  );
  expect(rows).toEqual([{ n: 0 }]);
});

test.each([
  ["a length and chunks at once", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"],
  ["a bad chunk", "Transfer-Encoding: chunked\r\n\r\nZZ\r\n"],
  ["a header of 100 kB", `X-A: ${"a".repeat(100_000)}\r\n\r\n`],
])("a request with %s is refused and the connection closed", async (_name, rest) => {
  verify = () => delivered("smuggled");
  const answer = await raw(server.port, `POST /webhooks/shopify/shop-de HTTP/1.1\r\nHost: x\r\n${rest}`);
  expect(answer).toMatch(/^HTTP\/1\.1 4(?:00|31) |^$/);
  const rows = await query(
    web.deps.db,
    z.object({ n: z.number() }),
    sql`select count(*) as n from inbox where delivery_id = 'smuggled'`,
  );
  expect(rows).toEqual([{ n: 0 }]);
});

test("every answer names its request and carries the security headers", async () => {
  for (const path of ["/health", "/v1/movements", "/nothing", "/login", "/openapi.json", "/webhooks/shopify/none"]) {
    const { headers } = await fetch(url(path));
    expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("cache-control")).toBe("no-store");
  }
});

test("closing lets a running request finish, refuses new ones, and ends idle connections", async () => {
  const entered = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const app = new Hono<WebEnv>();
  app.get("/slow", async (c) => {
    entered.resolve();
    await gate.promise;
    return c.text("done");
  });
  const own = await serveWeb(app, { host: "127.0.0.1", port: 0 });
  const running = fetch(`http://127.0.0.1:${own.port}/slow`);
  await entered.promise;
  let closed = false;
  const closing = own.close().then(() => {
    closed = true;
  });
  await until(async () =>
    fetch(`http://127.0.0.1:${own.port}/slow`, { signal: AbortSignal.timeout(500) }).then(
      () => false,
      () => true,
    ),
  );
  expect(closed).toBe(false);
  gate.resolve();
  expect(await (await running).text()).toBe("done");
  await closing;
});

test("a request that never ends is cut off when the grace is over", async () => {
  const entered = Promise.withResolvers<void>();
  const app = new Hono<WebEnv>();
  app.get("/never", () => {
    entered.resolve();
    return new Promise<Response>(() => undefined);
  });
  const own = await serveWeb(app, { host: "127.0.0.1", port: 0, graceMs: 200 });
  const running = fetch(`http://127.0.0.1:${own.port}/never`).then(
    () => "answered",
    () => "cut off",
  );
  await entered.promise;
  await own.close();
  expect(await running).toBe("cut off");
});
