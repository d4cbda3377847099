import type { AxiosResponse } from "axios";
import type { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { ConnectorDeps } from "../deps.ts";
import { createHttp, type Http } from "../http.ts";
import type { ShopifySettings } from "../settings.ts";
import type { Document } from "./documents.ts";
import { failureOf, viewOf } from "./failures.ts";
import { Envelope } from "./schemas.ts";
import { createTokenSource } from "./token.ts";

export const quotaName = "graphql";
const readTimeoutMs = 10_000;
/** Short enough for the same write once more, and a look at the levels, before the caller's own deadline (20 s). */
const writeTimeoutMs = 8_000;

type Call<Data> = {
  readonly document: Document;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly schema: z.ZodType<Data>;
  /** Ids in the call, where its cost depends on them. */
  readonly rows?: number;
  readonly write?: boolean;
};

export type Answer<Data> = {
  readonly data: Data;
  /** Wall clock just before the request was sent: the answer is no older than this. */
  readonly sentAtMs: number;
  readonly servedVersion: string | undefined;
  /** The channel's clock, from its Date header. */
  readonly dateMs: number | undefined;
};

export interface Client {
  /** One GraphQL call within the cost budget. Throws ChannelError; for a write, `ambiguous` when it may have taken effect. */
  call<Data>(call: Call<Data>, signal: AbortSignal): Promise<Answer<Data>>;
}

export const createClient = (settings: ShopifySettings, deps: ConnectorDeps): Client => {
  const baseUrl = (settings.endpoints.api ?? `https://${settings.shop}`).replace(/\/+$/, "");
  const url = `${baseUrl}/admin/api/${settings.apiVersion}/graphql.json`;
  const tokens = createTokenSource(settings, deps, baseUrl);
  const meter = createMeter(settings, deps);
  const httpFor = (write: boolean): Http =>
    createHttp(deps, (response) => {
      const failure = failureOf(viewOf(response), { write, nowMs: deps.clock.now() });
      meter.notice(response, failure !== undefined);
      return failure;
    });
  const reading = httpFor(false);
  const writing = httpFor(true);

  const send = (call: Call<unknown>, token: string, signal: AbortSignal): Promise<AxiosResponse<unknown>> =>
    (call.write === true ? writing : reading)(
      {
        method: "POST",
        url,
        headers: { "X-Shopify-Access-Token": token, "Content-Type": "application/json", Accept: "application/json" },
        data: { query: call.document.text, variables: call.variables, operationName: call.document.name },
        repeatable: call.write !== true,
        timeoutMs: call.write === true ? writeTimeoutMs : readTimeoutMs,
      },
      signal,
    );

  /** A 401 was refused before anything ran, so even a write may be sent again under a fresh token, once. */
  const sendFresh = async (call: Call<unknown>, signal: AbortSignal): Promise<AxiosResponse<unknown>> => {
    const token = await tokens.get();
    signal.throwIfAborted();
    try {
      return await send(call, token, signal);
    } catch (error) {
      if (!tokens.renewable || !(error instanceof ChannelError) || error.channelCode !== "401") throw error;
      return await send(call, await tokens.get({ refused: token }), signal);
    }
  };

  return {
    async call(call, signal) {
      const taken = meter.costOf(call.document, call.rows ?? 1);
      await deps.budget.take(quotaName, signal, taken);
      const sentAtMs = deps.clock.now();
      const response = await sendFresh(call, signal).catch((error: unknown) => {
        if (error instanceof ChannelError) {
          if (error.kind === "throttled") deps.budget.throttled(quotaName, error.retryAfterMs ?? 0);
          throw error;
        }
        if (call.write !== true) throw error;
        throw new ChannelError({
          kind: "retryable",
          message: "aborted while in flight",
          ambiguous: true,
          cause: error,
        });
      });
      return parseAnswer(call, response, sentAtMs, (envelope) => meter.learn(call, envelope, taken), deps);
    },
  };
};

const parseAnswer = <Data>(
  call: Call<Data>,
  response: AxiosResponse<unknown>,
  sentAtMs: number,
  learn: (envelope: Envelope) => void,
  deps: ConnectorDeps,
): Answer<Data> => {
  const envelope = Envelope.parse(response.data);
  learn(envelope);
  if (envelope.errors !== undefined) {
    const codes = typeof envelope.errors === "string" ? [] : envelope.errors.map((error) => error.extensions?.code);
    deps.log.warn({ document: call.document.name, codes }, "errors beside a complete answer");
  }
  // An unknown search field matches everything instead of failing (channel document §5).
  if (envelope.extensions?.search?.some((search) => (search.warnings ?? []).length > 0) === true) {
    throw new ChannelError({
      kind: "permanent",
      message: `${call.document.name}: the channel ignored part of the search`,
    });
  }
  const data = call.schema.safeParse(envelope.data);
  if (!data.success) {
    const issue = data.error.issues[0];
    const where = issue === undefined ? "" : ` at ${issue.path.join(".")}: ${issue.message}`;
    throw new ChannelError({
      kind: call.write === true ? "retryable" : "permanent",
      message: `${call.document.name}: an answer of another shape${where}`,
      ambiguous: call.write === true,
    });
  }
  const date: unknown = response.headers["date"];
  const dateMs = typeof date === "string" ? Date.parse(date) : Number.NaN;
  return {
    data: data.data,
    sentAtMs,
    servedVersion: servedVersionOf(response),
    dateMs: Number.isNaN(dateMs) ? undefined : dateMs,
  };
};

const servedVersionOf = (response: AxiosResponse<unknown>): string | undefined => {
  const version: unknown = response.headers["x-shopify-api-version"];
  return typeof version === "string" && version !== "" ? version : undefined;
};

type Meter = {
  notice(response: AxiosResponse<unknown>, failed: boolean): void;
  learn(call: Call<unknown>, envelope: Envelope, taken: number): void;
  costOf(document: Document, rows: number): number;
};

/** Feeds the budget from `throttleStatus`, learns what documents really cost, and notices a silently replaced API version. */
const createMeter = (settings: ShopifySettings, deps: ConnectorDeps): Meter => {
  const ratios = new Map<string, number>();
  const warned = new Set<string>();
  return {
    notice(response, failed) {
      const version = servedVersionOf(response);
      if (version !== undefined && version !== settings.apiVersion && !warned.has(version)) {
        warned.add(version);
        deps.log.warn({ requested: settings.apiVersion, served: version }, "the channel serves another API version");
      }
      const status = Envelope.safeParse(response.data).data?.extensions?.cost?.throttleStatus;
      if (status === undefined) return;
      deps.budget.observe(quotaName, { ratePerSecond: status.restoreRate, burst: status.maximumAvailable });
      if (failed) deps.budget.observe(quotaName, { remaining: status.currentlyAvailable });
    },
    learn(call, envelope, taken) {
      const cost = envelope.extensions?.cost;
      if (cost === undefined) return;
      // Charged as requested, given back down to what it really was; the balance told comes after that.
      const actual = cost.actualQueryCost;
      if (typeof actual === "number") deps.budget.refund(quotaName, Math.max(0, taken - actual));
      deps.budget.observe(quotaName, { remaining: cost.throttleStatus.currentlyAvailable });
      const requested = cost.requestedQueryCost;
      if (typeof requested === "number") ratios.set(call.document.name, requested / call.document.cost(call.rows ?? 1));
    },
    costOf: (document, rows) => Math.max(1, Math.ceil(document.cost(rows) * (ratios.get(document.name) ?? 1))),
  };
};
