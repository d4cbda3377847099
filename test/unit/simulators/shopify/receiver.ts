import { createServer, type IncomingHttpHeaders } from "node:http";
import { onTestFinished } from "vitest";

type Received = { readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/** An endpoint for webhooks that keeps raw bytes. Answers with the statuses given, then 200. */
export const startReceiver = async (statuses: readonly number[] = []) => {
  const received: Received[] = [];
  const answers = [...statuses];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(answers.shift() ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}/webhooks/shopify`, received };
};
