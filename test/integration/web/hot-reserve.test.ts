import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWeb } from "../../../src/api/app.ts";
import { serveWeb, type WebServer } from "../../../src/api/serve-web.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { LedgerBusyError } from "../../../src/ledger/lane.ts";
import { startWeb, type Web } from "./web.ts";

const path = "/v1/inventory/reserve";
let web: Web;
let server: WebServer;
let token: string;
/** How many requests the hot path took. */
let taken = 0;

const serve = (deps: Web["deps"]): Promise<WebServer> => {
  const { app, hot } = createWeb(deps);
  const counting: typeof hot = (incoming, outgoing) => {
    const isTaken = hot(incoming, outgoing);
    if (isTaken) taken += 1;
    return isTaken;
  };
  return serveWeb(app, { host: "127.0.0.1", port: 0 }, counting);
};

beforeAll(async () => {
  // Stands still, so that a key once found stays known.
  web = await startWeb(async () => ({ clock: { ...systemClock, monotonicMs: () => 0 } }));
  server = await serve(web.deps);
  token = await web.keyWith("inventory:write");
  const lines = ["A", "B"].map((sku) => ({ sku, location: "main", units: 1_000 }));
  await web.app.request("/v1/inventory/receive", init({ lines }, { "idempotency-key": "stock" }));
  // The key is known from now on.
  await fetch(url(server), { ...init({ lines: [line(1)] }), headers: heads({ "idempotency-key": "first" }) });
});
afterAll(async () => {
  await server.close();
  await web.database.drop();
});

const url = (at: WebServer, query = ""): string => `http://127.0.0.1:${at.port}${path}${query}`;
const line = (units: unknown, sku = "A"): object => ({ sku, location: "main", units });
const heads = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  "content-type": "application/json",
  ...more,
});
type Init = { readonly method: string; readonly headers: Record<string, string>; readonly body: string };
const init = (body: unknown, more?: Readonly<Record<string, string>>): Init => ({
  method: "POST",
  headers: heads(more),
  body: typeof body === "string" ? body : JSON.stringify(body),
});

/** Without what differs between any two answers, and what only a server on a socket adds. */
const comparable = async (response: Response): Promise<unknown> => {
  const headers = Object.fromEntries(response.headers);
  expect(headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  for (const name of ["x-request-id", "date", "connection", "keep-alive", "content-length"]) delete headers[name];
  return { status: response.status, headers, body: await response.text() };
};

const good = { lines: [line(1)] };
test.each<[string, unknown, Readonly<Record<string, string>>, "hot" | "framework"]>([
  ["in order", good, {}, "hot"],
  [
    "in order in many words",
    { id: "cart~1", lines: [line(1), line(2, "B")], mode: "partial", ttlMs: 5_000, reference: "ü" },
    {},
    "hot",
  ],
  ["for more than there is", { lines: [line(5_000)] }, {}, "hot"],
  ["for an unknown SKU", { lines: [line(1, "NONE")] }, {}, "hot"],
  [
    "for an unknown listing",
    { lines: [{ listing: { account: "shop-de", ref: "x" }, location: "main", units: 1 }] },
    {},
    "hot",
  ],
  ["with every mistake", { lines: [line(0), line("1"), { sku: "A" }], ttlMs: 1.5, what: 1 }, {}, "hot"],
  ["not an object", "[]", {}, "hot"],
  ["not JSON", "{", {}, "hot"],
  ["empty", "", {}, "hot"],
  ["with a name twice", '{"lines":[],"lines":[]}', {}, "hot"],
  ["with too many digits", '{"lines":[{"sku":"A","location":"main","units":1.00000000000000001}]}', {}, "hot"],
  ["with a charset", good, { "content-type": "application/json; charset=utf-8" }, "hot"],
  ["too large", { lines: [line(1)], reference: "x".repeat(300_000) }, {}, "framework"],
  ["of another type", good, { "content-type": "text/plain" }, "framework"],
  ["compressed", good, { "content-encoding": "gzip" }, "framework"],
  ["without a name", good, { "idempotency-key": "" }, "framework"],
  ["with a name of two words", good, { "idempotency-key": "a b" }, "framework"],
  ["with a wrong key", good, { authorization: "Bearer lsk_wrong" }, "framework"],
])("a request %s gets the framework's answer, header by header and byte by byte", async (name, body, more, by) => {
  const idempotencyKey = `same ${name}`.replaceAll(" ", "-");
  const before = taken;
  const served = await fetch(url(server), init(body, { "idempotency-key": idempotencyKey, ...more }));
  expect(taken - before).toBe(by === "hot" ? 1 : 0);
  const framework = await web.app.request(path, init(body, { "idempotency-key": idempotencyKey, ...more }));
  expect(await comparable(served)).toEqual(await comparable(framework));
});

test("a key reused for another body is refused, and one without the scope", async () => {
  const send = async (body: unknown, more: Readonly<Record<string, string>>): Promise<[number, string]> => {
    const response = await fetch(url(server), init(body, more));
    return [response.status, ((await response.json()) as { type?: string }).type ?? ""];
  };
  expect((await send(good, { "idempotency-key": "reused" }))[0]).toBe(201);
  expect(await send({ lines: [line(2)] }, { "idempotency-key": "reused" })).toEqual([
    422,
    "urn:lockstep:problem:key-reused",
  ]);
  const reader = `Bearer ${await web.keyWith("inventory:read")}`;
  for (const _ of [1, 2]) {
    expect((await send(good, { "idempotency-key": "scope", authorization: reader }))[0]).toBe(403);
  }
});

test("a full ledger, one that is away and one that is late answer as everywhere", async () => {
  const slow = Promise.withResolvers<never>();
  const away = Object.assign(new Error("gone"), { code: "ECONNREFUSED" });
  const answers: (readonly [number, string | null])[] = [];
  for (const submit of [() => Promise.reject(new LedgerBusyError()), () => Promise.reject(away), () => slow.promise]) {
    const ledger = { ...web.deps.ledger, submit };
    const own = await serve({ ...web.deps, ledger, answerMsMax: 50 });
    // The first makes the key known.
    await fetch(url(own), init(good, { "idempotency-key": "down-1" }));
    const before = taken;
    const { status, headers } = await fetch(url(own), init(good, { "idempotency-key": "down-1" }));
    expect(taken - before).toBe(1);
    answers.push([status, headers.get("retry-after")]);
    await own.close();
  }
  expect(answers).toEqual([
    [503, "1"],
    [503, "5"],
    [409, "2"],
  ]);
});

/** Sends raw bytes over a socket of its own; the status lines that come back until the server closes. */
const raw = (text: string): Promise<readonly string[]> =>
  new Promise((resolve) => {
    let received = "";
    const socket = connect(server.port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString();
    });
    socket.on("close", () => resolve(received.match(/HTTP\/1\.1 \d+/g) ?? []));
  });
const rawRequest = (name: string, more: readonly string[] = []): string => {
  const body = JSON.stringify(good);
  const lines = Object.entries(heads({ "idempotency-key": name })).map(([field, value]) => `${field}: ${value}`);
  return [`POST ${path} HTTP/1.1`, "Host: x", ...lines, `Content-Length: ${body.length}`, ...more, "", body].join(
    "\r\n",
  );
};

test("requests sent ahead on one connection are answered one by one", async () => {
  const ahead = ["p-1", "p-2", "p-1"].map((name) => rawRequest(name)).join("");
  expect(await raw(ahead + rawRequest("p-3", ["Connection: close"]))).toEqual(Array(4).fill("HTTP/1.1 201"));
});

test("a second Authorization is not overlooked", async () => {
  const more = ["Authorization: Bearer other", "Connection: close"];
  expect(await raw(rawRequest("doubled", more))).toEqual(["HTTP/1.1 401"]);
});

test("a sender that breaks off half-way reserves nothing, and the server goes on", async () => {
  await new Promise<void>((resolve) => {
    const socket = connect(server.port, "127.0.0.1", () => {
      socket.write(rawRequest("broken-off").slice(0, -5), () => socket.destroy());
    });
    socket.on("close", () => resolve());
  });
  // Nothing was bound to the name: another body is free to take it.
  const response = await fetch(url(server), init({ lines: [line(3)] }, { "idempotency-key": "broken-off" }));
  expect(response.status).toBe(201);
});

test("a query goes to the framework, and both count under the one route", async () => {
  const before = taken;
  expect((await fetch(url(server, "?x=1"), init(good, { "idempotency-key": "query" }))).status).toBe(201);
  expect(taken).toBe(before);
  const text = await web.deps.metrics.registry.metrics();
  const counted = text.split("\n").filter((one) => one.includes('status="201"') && one.includes(path));
  expect(counted).toHaveLength(1);
});
