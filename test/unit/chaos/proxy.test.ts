import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Proxy, startProxy } from "../../chaos/proxy.ts";
import { until } from "../../support/until.ts";

let server: Server;
let proxy: Proxy;
let heard: string;
const sockets: Socket[] = [];

/** A server that answers everything with itself in capitals. */
beforeEach(async () => {
  heard = "";
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      heard += chunk.toString();
      socket.write(chunk.toString().toUpperCase());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  proxy = await startProxy(address !== null && typeof address === "object" ? address.port : 0);
});
afterEach(async () => {
  await proxy.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

type Client = { readonly socket: Socket; said(): string; failure(): string | undefined; isClosed(): boolean };

const open = (): Client => {
  const socket = connect(proxy.port, "127.0.0.1");
  sockets.push(socket);
  let [said, failure, closed]: [string, string | undefined, boolean] = ["", undefined, false];
  socket.on("data", (chunk) => (said += chunk.toString()));
  socket.on("error", (error: NodeJS.ErrnoException) => (failure = error.code));
  socket.on("close", () => (closed = true));
  return { socket, said: () => said, failure: () => failure, isClosed: () => closed };
};

const answered = async (client: Client, text: string): Promise<void> => {
  client.socket.write(text);
  await until(() => client.said().endsWith(text.toUpperCase()));
};

const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 120));

test("an open link carries both ways, and an end of either side to the other", async () => {
  const client = open();
  await answered(client, "hello");
  client.socket.end();
  await until(() => client.isClosed());
  await until(() => proxy.openCount() === 0);
});

test("a large answer arrives whole and in order", async () => {
  const client = open();
  const text = Array.from({ length: 40_000 }, (_, index) => `line ${index};`).join("");
  client.socket.write(text);
  await until(() => client.said().length === text.length);
  expect(client.said()).toBe(text.toUpperCase());
});

test("a slow link delays each way and keeps the order", async () => {
  const client = open();
  await answered(client, "a");
  proxy.set({ kind: "slow", delayMs: 100 });
  const fromMs = performance.now();
  client.socket.write("b");
  await until(() => heard === "ab");
  proxy.set({ kind: "open" });
  client.socket.write("c");
  await until(() => client.said() === "ABC");
  expect(performance.now() - fromMs).toBeGreaterThan(95);
});

test("a silent link accepts and never answers; when it speaks again, what it swallowed is reset", async () => {
  const [before, silent] = [open(), (await answered(open(), "x"), proxy)];
  await answered(before, "a");
  silent.set({ kind: "silent" });
  const during = open();
  await once(during.socket, "connect");
  before.socket.write("b");
  during.socket.write("c");
  await moment();
  expect([before.said(), during.said(), heard.replace("x", "")]).toEqual(["A", "", "a"]);
  expect([before.isClosed(), during.isClosed()]).toEqual([false, false]);
  proxy.set({ kind: "open" });
  await until(() => before.isClosed() && during.isClosed());
  expect([before.failure(), during.failure()]).toEqual(["ECONNRESET", "ECONNRESET"]);
  await answered(open(), "d");
});

test("a link that forgets leaves swallowed connections open and silent for ever; new ones work", async () => {
  const before = open();
  await answered(before, "a");
  proxy.set({ kind: "silent" });
  proxy.set({ kind: "open" }, true);
  before.socket.write("b");
  await answered(open(), "c");
  await moment();
  expect([before.said(), before.isClosed(), heard]).toEqual(["A", false, "ac"]);
});

test("a refusing link resets what was open and what comes", async () => {
  const before = open();
  await answered(before, "a");
  proxy.set({ kind: "refusing" });
  await until(() => before.isClosed());
  const during = open();
  await until(() => during.isClosed());
  expect([before.failure(), during.failure()]).toEqual(["ECONNRESET", "ECONNRESET"]);
  proxy.set({ kind: "open" });
  await answered(open(), "b");
});

test("a cutting link lets so many bytes of an answer pass and then resets", async () => {
  const client = open();
  await answered(client, "a");
  proxy.set({ kind: "cutting", bytesMax: () => 3 });
  client.socket.write("bcdef");
  await until(() => client.isClosed());
  expect(heard).toBe("abcdef");
  expect("ABCD".startsWith(client.said())).toBe(true);
});
