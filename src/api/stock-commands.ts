import type { OpenAPIHono } from "@hono/zod-openapi";
import type { LevelAnswer } from "../ledger/answers.ts";
import type { Adjust, Count, Expect, LevelCommand, Receive, Return } from "../ledger/commands.ts";
import type { WebEnv } from "../ops/web-env.ts";
import {
  adjustInventory,
  countInventory,
  expectInventory,
  receiveInventory,
  returnInventory,
  transferInventory,
} from "./stock-routes.ts";
import type { AdjustLine, CountLine, DoneLine, ExpectLine, ReceiveLine, ReturnLine } from "./stock-schemas.ts";
import { type CommandBase, type LineWork, type SubmitDeps, submitLines } from "./submit-lines.ts";
import { transferWork } from "./transfer-work.ts";

const doneOf = (answer: LevelAnswer, line: number): DoneLine => ({
  line,
  status: "done",
  sku: answer.sku,
  location: answer.locationId,
  level: answer.level,
});

const levelWork = <Line>(
  commandOf: (line: Line, base: CommandBase) => LevelCommand,
): LineWork<Line, LevelAnswer, DoneLine> => ({
  send: (ledger, line, base, options) => ledger.submit(commandOf(line, base), options),
  doneOf,
});

const adjust = levelWork(
  ({ sku, location, units, reason }: AdjustLine, base): Adjust => ({
    ...base,
    kind: "adjust",
    sku,
    locationId: location,
    units,
    reason,
  }),
);

const receive = levelWork(
  ({ sku, location, units, reason, fromIncoming }: ReceiveLine, base): Receive => ({
    ...base,
    kind: "receive",
    sku,
    locationId: location,
    units,
    reason: reason ?? null,
    // Left out unless it says something: keys of requests that never knew the field keep their bodies.
    ...(fromIncoming === true ? { fromIncoming } : {}),
  }),
);

const count = levelWork(
  ({ sku, location, units, reason }: CountLine, base): Count => ({
    ...base,
    kind: "count",
    sku,
    locationId: location,
    units,
    reason: reason ?? null,
  }),
);

const expect = levelWork(
  ({ sku, location, units, reason }: ExpectLine, base): Expect => ({
    ...base,
    kind: "expect",
    sku,
    locationId: location,
    units,
    reason: reason ?? null,
  }),
);

const sendBack = levelWork(
  ({ sku, location, units, restock, reason }: ReturnLine, base): Return => ({
    ...base,
    kind: "return",
    sku,
    locationId: location,
    units,
    restock,
    reason: reason ?? null,
  }),
);

export const mountStockCommands = (app: OpenAPIHono<WebEnv>, deps: SubmitDeps): void => {
  app.openapi(adjustInventory, async (c) => {
    const { lines } = c.req.valid("json");
    const idempotencyKey = c.req.valid("header")["idempotency-key"];
    const request = { route: "adjust", lines, apiKey: c.get("apiKey"), idempotencyKey };
    return c.json({ results: await submitLines(deps, request, adjust) }, 200);
  });
  app.openapi(receiveInventory, async (c) => {
    const { lines } = c.req.valid("json");
    const idempotencyKey = c.req.valid("header")["idempotency-key"];
    const request = { route: "receive", lines, apiKey: c.get("apiKey"), idempotencyKey };
    return c.json({ results: await submitLines(deps, request, receive) }, 200);
  });
  app.openapi(countInventory, async (c) => {
    const { lines } = c.req.valid("json");
    const idempotencyKey = c.req.valid("header")["idempotency-key"];
    const request = { route: "count", lines, apiKey: c.get("apiKey"), idempotencyKey };
    return c.json({ results: await submitLines(deps, request, count) }, 200);
  });
  app.openapi(expectInventory, async (c) => {
    const { lines } = c.req.valid("json");
    const idempotencyKey = c.req.valid("header")["idempotency-key"];
    const request = { route: "expect", lines, apiKey: c.get("apiKey"), idempotencyKey };
    return c.json({ results: await submitLines(deps, request, expect) }, 200);
  });
  app.openapi(returnInventory, async (c) => {
    const { lines } = c.req.valid("json");
    const idempotencyKey = c.req.valid("header")["idempotency-key"];
    const request = { route: "return", lines, apiKey: c.get("apiKey"), idempotencyKey };
    return c.json({ results: await submitLines(deps, request, sendBack) }, 200);
  });
  app.openapi(transferInventory, async (c) => {
    const { lines } = c.req.valid("json");
    const idempotencyKey = c.req.valid("header")["idempotency-key"];
    const request = { route: "transfer", lines, apiKey: c.get("apiKey"), idempotencyKey };
    return c.json({ results: await submitLines(deps, request, transferWork) }, 200);
  });
};
