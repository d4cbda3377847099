import type { AddressInfo } from "node:net";
import { type HttpBindings, serve } from "@hono/node-server";
import type { Context, Hono, Next } from "hono";
import type { FaultSource } from "./faults.ts";

export type RunningServer = { readonly url: string; readonly port: number; close(): Promise<void> };
export type NodeBindings = { Bindings: HttpBindings };

/** Serves on loopback; `port: 0` takes a free one. */
export const serveOnLoopback = (app: Hono<NodeBindings> | Hono, port: number): Promise<RunningServer> =>
  new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, (info: AddressInfo) => {
      resolve({
        url: `http://127.0.0.1:${info.port}`,
        port: info.port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            if ("closeAllConnections" in server) server.closeAllConnections();
          }),
      });
    });
    server.once("error", reject);
  });

/**
 * Middleware for the channel's own routes: loses requests before, or answers after, they took effect, and fails some.
 * `serverError` and `throttled` render the refusal in the channel's own shape.
 */
export const faultMiddleware =
  (faults: FaultSource, render: { serverError(c: Context): Response; throttled(c: Context): Response }) =>
  async (c: Context<NodeBindings>, next: Next): Promise<Response | undefined> => {
    if (faults.happens("requestLostShare")) {
      c.env.incoming.socket.destroy();
      return c.body(null, 503);
    }
    if (faults.happens("serverErrorShare")) return render.serverError(c);
    if (faults.happens("throttleShare")) return render.throttled(c);
    const lost = faults.happens("replyLostShare");
    await next();
    if (lost) c.env.incoming.socket.destroy();
    return undefined;
  };
