import { createInterface } from "node:readline";
import { addAbortSignal, type Readable } from "node:stream";
import { ChannelError } from "../../core/failure.ts";
import type { ConnectorDeps } from "../deps.ts";
import { createHttp } from "../http.ts";

/** Until the first byte; the rest streams for as long as the caller's signal allows. */
const answerMsMax = 30_000;

/**
 * The lines of a bulk operation's file, streamed. It lies behind a signed address of another host, so no token goes
 * along. Throws ChannelError (retryable) when it breaks off.
 */
export const createFileReader = (deps: Pick<ConnectorDeps, "random" | "log" | "calls">) => {
  const http = createHttp(deps, ({ status }) => {
    if (status === 200) return undefined;
    const kind = status >= 500 ? "retryable" : "permanent";
    return new ChannelError({ kind, message: "the bulk file is not there", channelCode: String(status) });
  });
  return async function* (url: string, signal: AbortSignal): AsyncGenerator<string> {
    const request = { method: "GET", url, repeatable: true, timeoutMs: answerMsMax, responseType: "stream" } as const;
    const { data } = await http(request, signal);
    if (!isReadable(data)) throw new ChannelError({ kind: "retryable", message: "the bulk file is no stream" });
    const stream = addAbortSignal(signal, data);
    let broken: unknown;
    stream.once("error", (error) => {
      broken = error;
    });
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line !== "") yield line;
    }
    if (signal.aborted) throw signal.reason;
    if (broken !== undefined) {
      throw new ChannelError({ kind: "retryable", message: "the bulk file broke off", cause: broken });
    }
  };
};

const isReadable = (data: unknown): data is Readable =>
  typeof data === "object" && data !== null && Symbol.asyncIterator in data;
