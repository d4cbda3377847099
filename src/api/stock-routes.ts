import { createRoute } from "@hono/zod-openapi";
import { IdempotencyHeader } from "./fields.ts";
import { body, bodyAnswers, commonAnswers, json, opensWith, problem, type ScopedRoute } from "./route-parts.ts";
import { AdjustBody, CountBody, ExpectBody, LineResults, ReceiveBody, ReturnBody } from "./stock-schemas.ts";
import { TransferBody, TransferResults } from "./transfer-schemas.ts";

const answers = {
  200: json("One answer a line, in the lines' order.", LineResults),
  ...bodyAnswers,
  409: problem("A request with this key is still under way; send the same one again after Retry-After."),
  ...commonAnswers,
} as const;

export const adjustInventory = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/inventory/adjust",
  summary: "Correct what is on hand, up to 1,000 lines, each with its own answer",
  request: { headers: IdempotencyHeader, body: body(AdjustBody) },
  responses: answers,
});

export const receiveInventory = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/inventory/receive",
  summary: "Take units into stock, up to 1,000 lines, each with its own answer",
  request: { headers: IdempotencyHeader, body: body(ReceiveBody) },
  responses: answers,
});

export const countInventory = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/inventory/count",
  summary: "Set on hand to what was counted, up to 1,000 lines, each with its own answer",
  request: { headers: IdempotencyHeader, body: body(CountBody) },
  responses: answers,
});

export const expectInventory = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/inventory/expect",
  summary: "Change what is on order, up to 1,000 lines, each with its own answer",
  request: { headers: IdempotencyHeader, body: body(ExpectBody) },
  responses: answers,
});

export const returnInventory = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/inventory/return",
  summary: "Book what buyers sent back, up to 1,000 lines, each with its own answer",
  request: { headers: IdempotencyHeader, body: body(ReturnBody) },
  responses: answers,
});

export const transferInventory = createRoute({
  ...opensWith("inventory:write"),
  method: "post",
  path: "/v1/inventory/transfer",
  summary: "Send, receive or cancel transfers between locations, up to 1,000 lines, each with its own answer",
  request: { headers: IdempotencyHeader, body: body(TransferBody) },
  responses: { ...answers, 200: json("One answer a line, in the lines' order.", TransferResults) },
});

export const stockRoutes: readonly ScopedRoute[] = [
  adjustInventory,
  receiveInventory,
  countInventory,
  expectInventory,
  returnInventory,
  transferInventory,
];
