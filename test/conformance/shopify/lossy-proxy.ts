import { createServer, type IncomingMessage } from "node:http";
import { onTestFinished } from "vitest";

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
};

/** Passes everything on to `target` and loses the first answer to a call that holds `marker`: its effect stays. */
export const startLossyProxy = async (target: string, marker: string): Promise<{ readonly url: string }> => {
  let lost = false;
  const server = createServer((request, response) => {
    void (async () => {
      const body = await bodyOf(request);
      const token = request.headers["x-shopify-access-token"];
      const answer = await fetch(`${target}${request.url}`, {
        method: request.method ?? "POST",
        headers: { "Content-Type": "application/json", "X-Shopify-Access-Token": String(token) },
        body,
      });
      const text = await answer.text();
      if (!lost && body.includes(marker)) {
        lost = true;
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, { "Content-Type": "application/json" }).end(text);
    })();
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
  return { url: `http://127.0.0.1:${address.port}` };
};
