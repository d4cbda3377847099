import { type Context, Hono } from "hono";
import type { Connector, RawRequest, Verification, Webhooks } from "../connectors/connector.ts";
import type { Clock } from "../core/clock.ts";
import { keyedDigest } from "../core/digest.ts";
import { assertNever } from "../core/failure.ts";
import type { Secret } from "../core/secret.ts";
import { isDatabaseTrouble } from "../ops/answer-error.ts";
import type { Log } from "../ops/logger.ts";
import type { Metrics, WebhookOutcome } from "../ops/metrics.ts";
import { type ProblemSlug, problemResponse } from "../ops/problem.ts";
import { readBody } from "../ops/read-body.ts";
import type { WebEnv } from "../ops/web-env.ts";
import type { KeptDelivery } from "../sync/inbox.ts";
import { createKeepLanes, type KeepDeliveries } from "./keep-lane.ts";

export type WebhookDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly settings: {
    readonly webhookBodyBytes: number;
    readonly secretKey: Secret;
    readonly publicUrl?: string | undefined;
  };
  readonly connectorFor: (accountId: string) => Connector | undefined;
  readonly keepDeliveries: KeepDeliveries;
  /** Must not throw and not wait: a lost wake-up is made good by the sweep. */
  readonly wakeIngest: (accountId: string) => void;
};

// Shopify gives up after 5 s; an answer of ours has to be out before.
const verifyMs = 4_000;
const retryAfterMs = 10_000;

type Answer = { readonly response: Response; readonly outcome: WebhookOutcome; readonly channel: string };
type Door = { readonly accountId: string; readonly channel: string; readonly webhooks: Webhooks };
type Reply = Omit<Answer, "channel">;

const problem = (
  outcome: WebhookOutcome,
  slug: ProblemSlug,
  options: { readonly retryAfterMs?: number } = {},
): Reply => ({
  outcome,
  response: problemResponse(slug, options),
});

/** The door that the path names: an account of that channel whose connector takes webhooks. */
const doorOf = (c: Context<WebEnv>, deps: WebhookDeps): Door | undefined => {
  const accountId = c.req.param("account") ?? "";
  const connector = deps.connectorFor(accountId);
  if (connector?.webhooks === undefined || connector.channel !== c.req.param("channel")) return undefined;
  return { accountId, channel: connector.channel, webhooks: connector.webhooks };
};

/** The request as the channel sent it: exact bytes, and the address under which the channel knows us. */
const rawRequest = (c: Context<WebEnv>, body: Uint8Array, publicUrl: string | undefined): RawRequest => {
  const { pathname, search, href } = new URL(c.req.url);
  const url = publicUrl === undefined ? href : `${publicUrl.replace(/\/+$/, "")}${pathname}${search}`;
  return { method: c.req.method, url, headers: Object.fromEntries(c.req.raw.headers), body };
};

/** Postgres refuses some values for ever (class 22: NUL in text, numbers out of range): asking again would not help. */
const isUnstorable = (error: unknown): boolean => {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" && code.startsWith("22");
};

/**
 * `ALL /webhooks/:channel/:account`: verify the raw bytes, keep the projection, commit, and only then acknowledge. Any
 * failure to keep is a 503, so the channel sends again; nothing is acknowledged that is not durable.
 */
export const webhookRoutes = (deps: WebhookDeps): Hono<WebEnv> => {
  const keepInLane = createKeepLanes(deps.keepDeliveries);
  const secret = deps.settings.secretKey.reveal();

  const keep = async (door: Door, kept: KeptDelivery): Promise<void> => {
    try {
      await keepInLane(door.accountId, kept);
    } catch (error) {
      if (!isUnstorable(error)) throw error;
      deps.log.error(
        { accountId: door.accountId, topic: kept.delivery.topic, err: error },
        "webhook cannot be stored as it is",
      );
      const delivery = { ...kept.delivery, payload: {}, sourceAt: null };
      await keepInLane(door.accountId, { ...kept, delivery, dead: "the payload holds values that cannot be stored" });
    }
  };

  const keepAndAnswer = async (door: Door, kept: KeptDelivery, reply: Reply): Promise<Reply> => {
    const { accountId } = door;
    try {
      await keep(door, kept);
    } catch (error) {
      const reason = isDatabaseTrouble(error) ? "database" : "other";
      deps.log.error({ accountId, topic: kept.delivery.topic, reason, err: error }, "webhook not kept");
      return problem("failed", "unavailable", { retryAfterMs });
    }
    if (kept.dead === undefined) deps.wakeIngest(accountId);
    return reply;
  };

  const answer = (door: Door, verification: Verification, bodyDigest: string): Reply | Promise<Reply> => {
    const { accountId, channel } = door;
    switch (verification.kind) {
      case "delivery": {
        const { delivery, status = 200 } = verification;
        const response = new Response(null, { status: status });
        return keepAndAnswer(door, { delivery, bodyDigest }, { outcome: "kept", response });
      }
      case "malformed": {
        const { id, topic, reason } = verification;
        deps.log.warn({ accountId, channel, topic, reason }, "webhook authentic but not understood");
        const delivery = { id, topic, payload: {}, sourceAt: null };
        return keepAndAnswer(
          door,
          { delivery, bodyDigest, dead: reason },
          { outcome: "malformed", response: new Response(null, { status: 200 }) },
        );
      }
      case "answer": {
        const { status, body } = verification;
        return { outcome: "answered", response: Response.json(body, { status }) };
      }
      case "refused": {
        const { status, reason } = verification;
        deps.log.warn({ accountId, channel, status, reason }, "webhook refused");
        const slugs = { 401: "signature-refused", 404: "unknown-account", 405: "method-not-allowed" } as const;
        return problem("refused", slugs[status]);
      }
      case "retry-later":
        deps.log.warn({ accountId, channel, reason: verification.reason }, "webhook cannot be judged now");
        return problem("retry_later", "unavailable", { retryAfterMs });
      default:
        return assertNever(verification);
    }
  };

  const receive = async (c: Context<WebEnv>, door: Door): Promise<Reply> => {
    const body = await readBody(c.req.raw, deps.settings.webhookBodyBytes, c.env?.incoming);
    if (body === undefined) return problem("too_large", "payload-too-large");
    const context = { accountId: door.accountId, signal: AbortSignal.timeout(verifyMs) };
    let verification: Verification;
    try {
      verification = await door.webhooks.verify(rawRequest(c, body, deps.settings.publicUrl), context);
    } catch (error) {
      deps.log.error({ accountId: door.accountId, channel: door.channel, err: error }, "webhook verification failed");
      return problem("failed", "unavailable", { retryAfterMs });
    }
    return answer(door, verification, keyedDigest(secret, body));
  };

  const app = new Hono<WebEnv>();
  app.all("/webhooks/:channel/:account", async (c) => {
    const startedMs = deps.clock.monotonicMs();
    const door = doorOf(c, deps);
    // What strangers put into the path never becomes a label.
    const channel = door?.channel ?? "unknown";
    const reply = door === undefined ? problem("unknown_account", "unknown-account") : await receive(c, door);
    deps.metrics.webhookAnswered({
      channel,
      outcome: reply.outcome,
      seconds: (deps.clock.monotonicMs() - startedMs) / 1_000,
    });
    return reply.response;
  });
  return app;
};
