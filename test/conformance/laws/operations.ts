import axios from "axios";
import { beforeAll, vi } from "vitest";
import { countOperation } from "../count.ts";

export type SentRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
};

/** The contract's own name of what was asked; undefined: nothing that a contract names (a document's upload). */
export type OperationOf = (request: SentRequest) => string | undefined;

/** Counts the connector's requests by operation. Whether each is valid, the simulator judges. */
export const watchOperations = (channel: string, operationOf: OperationOf): void => {
  beforeAll(() => {
    const create = axios.create.bind(axios);
    vi.spyOn(axios, "create").mockImplementation((config) => {
      const instance = create(config);
      instance.interceptors.request.use((request) => {
        const operation = operationOf({
          method: (request.method ?? "get").toUpperCase(),
          path: new URL(request.url ?? "").pathname,
          headers: new Headers(JSON.parse(JSON.stringify(request.headers)) as Record<string, string>),
          body: typeof request.data === "string" ? request.data : JSON.stringify(request.data ?? null),
        });
        if (operation !== undefined) countOperation(channel, operation);
        return request;
      });
      return instance;
    });
  });
};
