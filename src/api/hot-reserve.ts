import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { ApiKey } from "../access/api-keys.ts";
import { errorAnswer } from "../ops/answer-error.ts";
import { type ObserveDeps, observeServed } from "../ops/observe-requests.ts";
import type { PlainAnswer } from "../ops/problem.ts";
import { securityHeadersOf, uncached } from "../ops/security-headers.ts";
import type { Authoriser } from "./authorise.ts";
import { idempotencyKey } from "./fields.ts";
import { jsonType, strictJson } from "./json-body.ts";
import { reserveInventory } from "./reservation-routes.ts";
import { ReserveBody } from "./reservation-schemas.ts";
import { reservationOut, reservationPath } from "./reservations.ts";
import { reserve } from "./reserve.ts";
import type { SubmitDeps } from "./submit-lines.ts";
import { validationProblem } from "./validation-problem.ts";

/** Takes a request, or leaves it untouched to the framework. */
export type HotListener = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

export type HotDeps = SubmitDeps &
  ObserveDeps & {
    readonly authoriser: Pick<Authoriser, "known">;
    readonly settings: { readonly apiBodyBytes: number; readonly https: boolean };
  };

const { path: route, "x-required-scope": scope } = reserveInventory;
const wholeNumber = /^\d{1,15}$/;

/** Node keeps the first of several; the framework refuses them. */
const isOnce = (name: string, rawHeaders: readonly string[]): boolean => {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const given = rawHeaders[index] as string;
    if (given.length === name.length && given.toLowerCase() === name) count += 1;
  }
  return count === 1;
};

const isPlainBody = (headers: IncomingHttpHeaders, bytesMax: number): boolean =>
  jsonType.test(headers["content-type"] ?? "") &&
  headers["content-encoding"] === undefined &&
  wholeNumber.test(headers["content-length"] ?? "") &&
  Number(headers["content-length"]) <= bytesMax;

/** All of a body whose length was stated and is within the limit. A sender that breaks off gets no answer. */
const onBody = (incoming: IncomingMessage, take: (bytes: Uint8Array) => void): void => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", () => take(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
};

const parseBody = (bytes: Uint8Array): ReserveBody => {
  const parsed = ReserveBody.safeParse(strictJson(bytes).value);
  if (parsed.success) return parsed.data;
  throw validationProblem("json", parsed.error);
};

/**
 * `POST /v1/inventory/reserve` past the framework, which costs several times what the rest does. Only a request that is
 * plainly in order is taken: a key known from a moment ago, JSON of a stated length, an Idempotency-Key. Whatever else is
 * to be said to a request's head the framework says. Body, schema, work and problems are the same functions there and here.
 */
export const createHotReserve = (deps: HotDeps): HotListener => {
  const { authoriser, settings, log } = deps;
  const fixed = Object.entries({ ...securityHeadersOf(route, settings), "cache-control": uncached }).flat();

  const send = (outgoing: ServerResponse, requestId: string, { status, headers, body }: PlainAnswer): void => {
    const length = String(Buffer.byteLength(body));
    // Names and values by turns: what Node writes as they are.
    const all = [...fixed, "x-request-id", requestId, "content-length", length];
    for (const name in headers) all.push(name, headers[name] as string);
    outgoing.writeHead(status, all);
    outgoing.end(body);
  };

  const work = async (bytes: Uint8Array, apiKey: ApiKey, key: string): Promise<PlainAnswer> => {
    const answer = await reserve(deps, { apiKey, idempotencyKey: key, body: parseBody(bytes) });
    const headers = { location: reservationPath(answer), "content-type": "application/json" };
    return { status: 201, headers, body: JSON.stringify(reservationOut(answer)) };
  };

  return (incoming, outgoing) => {
    if (incoming.url !== route || incoming.method !== "POST" || incoming.httpVersion !== "1.1") return false;
    const { headers, rawHeaders } = incoming;
    const key = headers["idempotency-key"];
    if (typeof key !== "string" || !idempotencyKey.test(key) || !isPlainBody(headers, settings.apiBodyBytes))
      return false;
    if (!isOnce("authorization", rawHeaders) || !isOnce("content-type", rawHeaders)) return false;
    const apiKey = authoriser.known(headers.authorization, scope);
    if (apiKey === undefined) return false;

    const startedMs = deps.clock.monotonicMs();
    const requestId = deps.ids();
    const answer = (given: PlainAnswer): void => {
      send(outgoing, requestId, given);
      observeServed(deps, { requestId, method: "POST", route, status: given.status }, startedMs);
    };
    onBody(incoming, (bytes) => {
      work(bytes, apiKey, key).then(answer, (error: unknown) => answer(errorAnswer(error, log, { requestId })));
    });
    return true;
  };
};
