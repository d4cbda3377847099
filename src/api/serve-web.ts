import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { type Clock, systemClock } from "../core/clock.ts";
import type { WebEnv } from "../ops/web-env.ts";
import type { HotListener } from "./hot-reserve.ts";

export type WebServer = {
  readonly port: number;
  /** Takes no new connections, lets running requests finish for up to `graceMs`, then ends what is left. */
  close(): Promise<void>;
};

export type ServeOptions = {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly clock?: Clock;
  readonly graceMs?: number;
};

const defaultGraceMs = 10_000;
const connectionsMax = 10_000;

/** Slow senders are cut off: whoever has not sent headers in 10 s or all of a request in 30 s holds a socket for nothing. */
const serverOptions = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // Above the 60 s after which common proxies drop idle connections: the side that reuses them must not be the later one.
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
  // Refuses what proxies and servers could read differently (request smuggling).
  insecureHTTPParser: false,
  requireHostHeader: true,
} as const;

const listen = (server: Server, options: ServeOptions): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.removeListener("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });

const closeGracefully = async (server: Server, clock: Clock, graceMs: number): Promise<void> => {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const done = new AbortController();
  const deadline = clock.monotonicMs() + graceMs;
  const watch = async (): Promise<void> => {
    // A kept-alive connection becomes idle when its request is answered; nothing else would close it before its time.
    while (clock.monotonicMs() < deadline) {
      server.closeIdleConnections();
      await clock.sleep(50, done.signal);
    }
    server.closeAllConnections();
  };
  const watching = watch().catch(() => undefined);
  await closed;
  done.abort(new Error("server closed"));
  await watching;
};

/**
 * Serves the app over HTTP/1.1; `hot`, when given, is asked first. Errors: the operating system's when the port is taken.
 */
export const serveWeb = async (
  app: Pick<Hono<WebEnv>, "fetch">,
  options: ServeOptions,
  hot: HotListener = () => false,
): Promise<WebServer> => {
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions,
    createServer: ((nodeOptions: ServerOptions, framework: RequestListener) =>
      createServer(nodeOptions, (incoming, outgoing) => {
        if (!hot(incoming, outgoing)) framework(incoming, outgoing);
      })) as typeof createServer,
  }) as Server;
  server.maxConnections = connectionsMax;
  const port = await listen(server, options);
  const clock = options.clock ?? systemClock;
  return { port, close: () => closeGracefully(server, clock, options.graceMs ?? defaultGraceMs) };
};
