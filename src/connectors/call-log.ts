import { AsyncLocalStorage } from "node:async_hooks";
import { type Clock, toIso } from "../core/clock.ts";
import type { Json } from "../core/digest.ts";
import { ChannelError } from "../core/failure.ts";
import type { Around, Doing } from "./around.ts";
import { factsOf, plainOf, templateOf } from "./call-facts.ts";
import type { Log } from "./deps.ts";

/** One request to a channel as it is kept: nothing of a person, no token, no address but its template. */
export type CallNote = {
  readonly accountId: string;
  readonly at: string;
  readonly callClass: string;
  readonly attemptKey: string | null;
  readonly method: string;
  readonly path: string;
  readonly operation: string | null;
  /** Null: no answer came. */
  readonly status: number | null;
  readonly durationMs: number;
  /** `ok`, or the failure's kind. */
  readonly outcome: string;
  readonly channelCode: string | null;
  readonly requestId: string | null;
  readonly names: readonly string[];
  readonly facts: Json;
};

export type Asked = {
  readonly method: string;
  readonly url: string;
  readonly headers: unknown;
  readonly body: unknown;
};
export type Answered = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
};

/** Notes what goes over the wire. Neither waits nor throws. */
export interface CallLog {
  begin(asked: Asked): (answered: Answered | undefined, failure: unknown) => void;
}

const requestIdNames = ["x-amzn-requestid", "x-ebay-c-request-id", "x-request-id", "rlogid"];

const operationOf = ({ headers, body }: Asked): string | null => {
  if (typeof body === "object" && body !== null && "operationName" in body) return plainOf(body.operationName);
  if (typeof headers !== "object" || headers === null) return null;
  return plainOf((headers as Readonly<Record<string, unknown>>)["X-EBAY-API-CALL-NAME"]);
};

/**
 * The log of calls in two halves: `around` says on whose behalf and for which attempt something is done, `calls` notes
 * what goes over the wire meanwhile. Requests outside of any call (a webhook's key) are not noted.
 */
export const createCallLog = (deps: {
  readonly clock: Clock;
  readonly log: Log;
  readonly keep: (note: CallNote) => void;
}): { readonly around: Around; readonly calls: CallLog } => {
  const doing = new AsyncLocalStorage<Doing>();
  const note = (asked: Asked, startedMs: number, on: Doing, answered: Answered | undefined, failure: unknown): void => {
    const path = templateOf(asked.url);
    // A token's request and answer are the secrets themselves.
    const isToken = /\/(token|access_token)$/.test(path);
    const { names, facts } = isToken ? { names: [], facts: {} } : factsOf(asked.url, asked.body, answered?.body);
    const refused = failure instanceof ChannelError ? failure : undefined;
    const requestId = requestIdNames.map((name) => plainOf(answered?.headers[name])).find((id) => id !== null);
    deps.keep({
      accountId: on.accountId,
      at: toIso(deps.clock.now()),
      callClass: isToken ? "token" : on.callClass,
      attemptKey: on.attemptKey,
      method: asked.method,
      path,
      operation: isToken ? null : operationOf(asked),
      status: answered?.status ?? null,
      durationMs: Math.round(deps.clock.monotonicMs() - startedMs),
      outcome: failure === undefined ? "ok" : (refused?.kind ?? "aborted"),
      channelCode: plainOf(refused?.channelCode),
      requestId: requestId ?? null,
      names,
      facts,
    });
  };
  return {
    around: (on, work) => doing.run(on, work),
    calls: {
      begin(asked) {
        const on = doing.getStore();
        if (on === undefined) return () => undefined;
        const startedMs = deps.clock.monotonicMs();
        return (answered, failure) => {
          try {
            note(asked, startedMs, on, answered, failure);
          } catch (error) {
            deps.log.warn({ err: (error as Error).message }, "a call could not be noted");
          }
        };
      },
    },
  };
};
