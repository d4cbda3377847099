import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { RawRequest } from "../../../src/connectors/connector.ts";
import { sha256Hex } from "../../../src/core/digest.ts";
import type { FaultPlan } from "../../../src/simulators/kit/faults.ts";

export const quietLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The simulator's own door; no fault lies in its way. */
export const faultsAt =
  (url: string) =>
  async (plan: FaultPlan): Promise<void> => {
    const response = await fetch(`${url}/_control/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ plan }),
    });
    if (!response.ok) throw new Error(await response.text());
  };

/** An address for webhooks: keeps them as they came, and answers eBay's challenge. */
export const startAddress = async (verificationToken: string) => {
  const requests: RawRequest[] = [];
  let url = "";
  const keep = (request: IncomingMessage, body: Buffer): void => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    requests.push({ method: request.method ?? "", url, headers, body });
  };
  const server = createServer((request, response) => {
    const code = new URL(request.url ?? "/", "http://address").searchParams.get("challenge_code");
    if (code !== null) {
      const challengeResponse = sha256Hex(`${code}${verificationToken}${url}`);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ challengeResponse }));
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      keep(request, Buffer.concat(chunks));
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/laws`;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url, requests, close };
};
