import { z } from "zod";
import { sleep } from "./sleep.ts";

const LineResults = z.looseObject({
  results: z.array(z.looseObject({ status: z.enum(["done", "refused"]), problem: z.unknown().optional() })),
});

export type Answer = { readonly status: number; readonly body: unknown };

export type StockClient = {
  /** The definite answer of a write under this key: asked for again and again, for ever the same. */
  send(path: string, body: unknown, key: string): Promise<Answer>;
  /** One line's stock command; false when it was refused. */
  line(
    path: "receive" | "adjust",
    line: { readonly sku: string; readonly units: number },
    key: string,
  ): Promise<boolean>;
  /** Requests that got no definite answer at once, and were sent again. */
  repeats(): number;
};

const timeoutMs = 4_000;
const againAfterMs = 250;

/** Whether the server has said what became of the request. */
const isDefinite = ({ status, body }: Answer): boolean => {
  const type = (body as { readonly type?: unknown } | null)?.type;
  if (status === 409) return type !== "urn:lockstep:problem:key-in-flight";
  return status < 500 && status !== 408 && status !== 429;
};

/** A shop's own programs: they send stock commands over HTTP, and the same again until they know what became of it. */
export const stockClient = (webUrl: string, apiKey: string, signal: AbortSignal): StockClient => {
  let repeats = 0;
  const attempt = async (path: string, body: unknown, key: string): Promise<Answer | undefined> => {
    try {
      const response = await fetch(`${webUrl}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify(body),
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      const answer = { status: response.status, body: await response.json() };
      return isDefinite(answer) ? answer : undefined;
    } catch {
      // Not reached, cut off or too late: nobody knows, so the same is sent again.
      return undefined;
    }
  };
  const send: StockClient["send"] = async (path, body, key) => {
    for (;;) {
      signal.throwIfAborted();
      const answer = await attempt(path, body, key);
      if (answer !== undefined) return answer;
      repeats += 1;
      await sleep(againAfterMs, signal);
    }
  };
  return {
    send,
    line: async (path, line, key) => {
      const body = { lines: [{ ...line, location: "main", ...(path === "adjust" && { reason: "chaos" }) }] };
      const answer = await send(`/v1/inventory/${path}`, body, key);
      if (answer.status !== 200) throw new Error(`${path} ${key} got ${answer.status}: ${JSON.stringify(answer.body)}`);
      return LineResults.parse(answer.body).results[0]?.status === "done";
    },
    repeats: () => repeats,
  };
};
