import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { HonoAdapter } from "@bull-board/hono";
import { serveStatic } from "@hono/node-server/serve-static";
import { type Context, Hono } from "hono";
import { writeAudit } from "../access/audit.ts";
import { type Clock, toIso } from "../core/clock.ts";
import type { Db } from "../db/pool.ts";
import { clientAddress } from "./client-address.ts";
import { requireOperatorToAct, requireSameOrigin, requireSession, type SignInDeps } from "./signed-in.ts";
import type { WebEnv } from "./web-env.ts";

/** A BullMQ queue, as Bull Board wants it. */
export type BoardQueue = ConstructorParameters<typeof BullMQAdapter>[0];

export type BoardDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly signIn: SignInDeps;
  readonly boardQueues: () => readonly BoardQueue[];
};

const basePath = "/board";

/** Bull Board over the given queues. It has no access control of its own: whoever reaches it may use it. */
const boardOver = (queues: readonly BoardQueue[], options: { readonly readOnly: boolean }): Hono => {
  const serverAdapter = new HonoAdapter(serveStatic);
  serverAdapter.setBasePath(basePath);
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: options.readOnly })),
    serverAdapter,
    options: {
      uiConfig: {
        boardTitle: "Lockstep queues",
        hideDocsLink: true,
        // Host names and settings of the datastore are nothing that support needs.
        hideRedisDetails: true,
        miscLinks: [{ text: "Console", url: "/console" }],
      },
    },
  });
  return new Hono().route(basePath, serverAdapter.registerPlugin());
};

const auditor =
  (deps: BoardDeps, action: string) =>
  async (c: Context<WebEnv>): Promise<void> => {
    await writeAudit(deps.db, {
      at: toIso(deps.clock.now()),
      actor: `user:${c.get("session").user.name}`,
      action,
      subject: `${c.req.method} ${c.req.path.slice(0, 500)}`,
      detail: { clientAddress: clientAddress(c), requestId: c.get("requestId") },
    });
  };

/**
 * `/board/*`: all queues, behind our login, its static files included. Support sees a read-only board (the buttons are
 * gone, and requests that would act are refused); what an operator does is audited before it is done.
 */
export const boardRoutes = (deps: BoardDeps): Hono<WebEnv> => {
  const queues = deps.boardQueues();
  const forRole = { operator: boardOver(queues, { readOnly: false }), support: boardOver(queues, { readOnly: true }) };
  const guard = [
    requireSession(deps.signIn),
    requireSameOrigin(deps.signIn.settings),
    requireOperatorToAct({ onAct: auditor(deps, "board.act"), onDenied: auditor(deps, "board.denied") }),
  ] as const;
  const app = new Hono<WebEnv>();
  app.use(basePath, ...guard);
  app.use(`${basePath}/*`, ...guard);
  app.get(`${basePath}/`, (c) => c.redirect(basePath, 302));
  const serve = (c: Context<WebEnv>): Response | Promise<Response> =>
    forRole[c.get("session").user.role].fetch(c.req.raw, c.env);
  app.all(basePath, serve);
  app.all(`${basePath}/*`, serve);
  return app;
};
