import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Random } from "../../core/random.ts";
import type { QuotaBucket } from "../kit/bucket.ts";
import { controlRoutes } from "../kit/control.ts";
import type { FaultSource } from "../kit/faults.ts";
import { faultMiddleware, type NodeBindings } from "../kit/serve.ts";
import type { Bulk } from "./bulk.ts";
import type { ShopifyChannel } from "./channel.ts";
import { type GraphqlAnswer, type GraphqlRequest, throttledAnswer } from "./execute.ts";
import type { Gate } from "./gate.ts";
import { apiVersion } from "./schema.ts";
import type { Tokens } from "./tokens.ts";

const Body = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});
const Edit = z.strictObject({ lines: z.array(z.strictObject({ lineId: z.string(), units: z.number().int().min(1) })) });
const Shape = z
  .strictObject({ tracked: z.boolean(), bundle: z.boolean(), deleted: z.boolean() })
  .partial()
  .transform((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
const TakeBack = z.strictObject({
  lines: z.array(z.strictObject({ lineId: z.string(), units: z.number().int().min(1), restock: z.boolean() })),
});

export type AppDeps = {
  readonly channel: ShopifyChannel;
  readonly faults: FaultSource;
  readonly gate: Gate;
  readonly tokens: Tokens;
  readonly bucket: QuotaBucket;
  readonly execute: (request: GraphqlRequest) => GraphqlAnswer;
  readonly chance: Random;
  readonly speedUp: number;
  readonly bulk: Bulk;
};

/** The shop's HTTP doors: the token endpoint, GraphQL, and `/_control`. */
export const shopifyApp = (deps: AppDeps): Hono<NodeBindings> => {
  const { gate, faults, channel } = deps;
  const app = new Hono<NodeBindings>();
  const control = controlRoutes(channel, faults);
  control.post("/orders/:id/return", async (c) =>
    c.json(channel.takeBack(c.req.param("id"), TakeBack.parse(await c.req.json()).lines)),
  );
  control.post("/orders/:id/edit", async (c) =>
    c.json(channel.editOrder(c.req.param("id"), Edit.parse(await c.req.json()).lines)),
  );
  control.post("/orders/:id/move", async (c) => {
    const { location } = z.strictObject({ location: z.string() }).parse(await c.req.json());
    return c.json(channel.moveOrder(c.req.param("id"), location));
  });
  control.post("/items/:sku/shape", async (c) => {
    channel.shapeItem(c.req.param("sku"), Shape.parse(await c.req.json()));
    return c.json({ ok: true });
  });
  control.post("/pubsub-target", async (c) => {
    channel.setPubsubTarget(z.strictObject({ url: z.url() }).parse(await c.req.json()).url);
    return c.json({ ok: true });
  });
  app.route("/_control", control);
  app.use("/admin/*", async (c, next) => {
    gate.requests += 1;
    gate.current = `${c.req.method} ${c.req.path}`;
    await next();
    c.header("X-Request-Id", `request-${gate.requests}`);
  });
  app.use("/admin/*", faultMiddleware(faults, renderers(deps)));
  app.post("/admin/oauth/access_token", async (c) => {
    const { status, body } = deps.tokens.grant(await bodyOf(c));
    return c.json(body, status);
  });
  app.post("/admin/api/:version/graphql.json", (c) => graphql(deps, c, c.req.param("version")));
  // Stands for the storage behind a bulk operation's signed address: whoever has the address may read.
  app.get("/_files/bulk/:name", (c) => {
    if (c.req.header("x-shopify-access-token") !== undefined) {
      gate.complain(`GET ${c.req.path}`, "the access token was sent to the file storage");
    }
    const text = deps.bulk.file(c.req.param("name").replace(/\.jsonl$/, ""));
    return text === undefined ? c.body("", 404) : c.body(text, 200, { "Content-Type": "application/jsonl" });
  });
  app.notFound((c) => {
    gate.complain(`${c.req.method} ${c.req.path}`, "no such path");
    return c.json({ errors: "Not Found" }, 404);
  });
  return app;
};

const graphql = async (deps: AppDeps, c: Context<NodeBindings>, version: string): Promise<Response> => {
  const at = `POST ${c.req.path}`;
  // Whatever stable version is asked for, this one is served and named in the answer (channel document §1).
  c.header("X-Shopify-API-Version", apiVersion);
  if (!/^(\d{4}-\d{2}|unstable)$/.test(version)) {
    deps.gate.complain(at, `no API version ${version}`);
    return c.json({ errors: "Not Found" }, 404);
  }
  if (version !== apiVersion) deps.gate.complain(at, `API version ${version} was asked for, ${apiVersion} is served`);
  if (!deps.tokens.accepts(c.req.header("x-shopify-access-token"))) {
    return c.json({ errors: "[API] Invalid API key or access token (unrecognized login or wrong password)" }, 401);
  }
  const body = Body.safeParse(await jsonOf(c));
  if (!body.success) {
    deps.gate.complain(at, "the body is no GraphQL request");
    return c.json({ errors: { query: "Required parameter missing or invalid" } }, 400);
  }
  // Reading bodies interleaves requests: from here on nothing waits, and complaints belong to this one.
  deps.gate.current = at;
  const { query, variables, operationName } = body.data;
  const answer = deps.execute({ query, variables: variables ?? {}, operationName: operationName ?? null });
  return c.body(JSON.stringify(answer), 200, { "Content-Type": "application/json; charset=utf-8" });
};

/** Injected refusals: throttling is mostly HTTP 200, failures come as 5xx or as INTERNAL_SERVER_ERROR (document §2, §3). */
const renderers = (deps: AppDeps): Parameters<typeof faultMiddleware>[1] => ({
  throttled: (c) => {
    deps.gate.throttled += 1;
    if (c.req.path.endsWith("/graphql.json") && deps.chance() < 0.75) {
      return c.json(throttledAnswer(deps.bucket, 10), 200, { "X-Shopify-API-Version": apiVersion });
    }
    return c.body("", 429, { "Retry-After": (2 / deps.speedUp).toFixed(1) });
  },
  serverError: (c) => {
    if (c.req.path.endsWith("/graphql.json") && deps.chance() < 0.5) {
      const requestId = `request-${deps.gate.requests}`;
      const message = `Internal error. Looks like something went wrong on our end.\nRequest ID: ${requestId}`;
      return c.json({ errors: [{ message, extensions: { code: "INTERNAL_SERVER_ERROR", requestId } }] }, 200, {
        "X-Shopify-API-Version": apiVersion,
      });
    }
    return deps.chance() < 0.5 ? c.body("", 503, { "Retry-After": "1" }) : c.body("", 500);
  },
});

const jsonOf = async (c: Context): Promise<unknown> => {
  try {
    return await c.req.json();
  } catch {
    return undefined;
  }
};

/** The token endpoint takes JSON and forms. */
const bodyOf = async (c: Context): Promise<unknown> => {
  if (c.req.header("content-type")?.includes("application/x-www-form-urlencoded") === true) {
    return Object.fromEntries(new URLSearchParams(await c.req.text()));
  }
  return jsonOf(c);
};
