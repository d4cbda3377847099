import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";
import { type SandboxPair, sandboxPairs } from "./sandbox-pairs.ts";

type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
};

const pathParametersOf = (template: string, path: string): ReadonlyMap<string, string> | undefined => {
  const names = [...template.matchAll(/\{([^}]+)\}/g)].map(([, name = ""]) => name);
  const hit = new RegExp(`^${template.replace(/\{[^}]+\}/g, "([^/]+)")}$`).exec(path);
  return hit === null
    ? undefined
    : new Map(names.map((name, index) => [name, decodeURIComponent(hit[index + 1] ?? "")]));
};

const isMet = (pair: SandboxPair, asked: Asked, path: ReadonlyMap<string, string>): boolean =>
  [...pair.parameters].every(([name, { place, value }]) => {
    if (place === "body") return isDeepStrictEqual(asked.body, value);
    const given = place === "path" ? path.get(name) : asked.query.get(name);
    return given === (Array.isArray(value) ? value.join(",") : String(value));
  });

/** The pair with the most parameters that match; the real sandbox answers 400 when there is none. */
const answerTo = (asked: Asked): SandboxPair | undefined =>
  sandboxPairs
    .filter(({ method, template }) => method === asked.method && pathParametersOf(template, asked.path) !== undefined)
    .filter((pair) => isMet(pair, asked, pathParametersOf(pair.template, asked.path) ?? new Map()))
    .toSorted((a, b) => b.parameters.size - a.parameters.size)[0];

const askedOf = async (request: IncomingMessage): Promise<Asked> => {
  const url = new URL(request.url ?? "/", "http://sandbox");
  const content = await text(request);
  const isJson = request.headers["content-type"] === "application/json";
  const body: unknown = isJson ? JSON.parse(content) : content;
  return {
    method: request.method ?? "",
    path: url.pathname,
    query: url.searchParams,
    body: content === "" ? undefined : body,
  };
};

const token = { access_token: "Atza|sandbox", token_type: "bearer", expires_in: 3600 };
const noMatch = { errors: [{ code: "InvalidInput", message: "Could not match input arguments" }] };

/** Serves the pairs on loopback, with Login with Amazon beside them. `answered` holds each pair that was asked for. */
export const startSandbox = async () => {
  const answered: SandboxPair[] = [];
  const complaints: string[] = [];
  const server = createServer((request, response) => {
    void askedOf(request).then((asked) => {
      const answer = (status: number, body: unknown): void => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(body === undefined ? "" : JSON.stringify(body));
      };
      if (asked.path === "/auth/o2/token") return answer(200, token);
      if (request.headers["x-amz-access-token"] !== token.access_token) complaints.push(`${asked.path}: no token`);
      if (!/^\S+\/\S+ \(.*\)$/.test(request.headers["user-agent"] ?? "")) complaints.push(`${asked.path}: user agent`);
      const pair = answerTo(asked);
      if (pair === undefined) return answer(400, noMatch);
      answered.push(pair);
      return answer(pair.status, pair.response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve());
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answered,
    complaints,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
};
