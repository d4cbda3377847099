import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { sha256Hex } from "../../../../src/core/digest.ts";

type Received = { readonly signature: string; readonly raw: string };
export type Receiver = {
  readonly url: string;
  readonly received: Received[];
  /** What notifications are answered with. */
  status: number;
  /** False: the challenge is answered wrongly. */
  honest: boolean;
  close(): Promise<void>;
};

export const verificationToken = "verification_token_0123456789_ABCDEFGH";

/** A seller's endpoint: answers the challenge and keeps what it is sent. */
export const startReceiver = async (): Promise<Receiver> => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://receiver");
    const code = url.searchParams.get("challenge_code");
    if (request.method === "GET" && code !== null) {
      const challengeResponse = sha256Hex(`${code}${verificationToken}${receiver.url}${receiver.honest ? "" : "/"}`);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ challengeResponse }));
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({
        signature: String(request.headers["x-ebay-signature"]),
        raw: Buffer.concat(chunks).toString("utf8"),
      });
      response.writeHead(receiver.status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hooks/ebay`,
    received,
    status: 204,
    honest: true,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
};
