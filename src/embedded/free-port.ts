import { once } from "node:events";
import { createServer } from "node:net";

/** A loopback port that nobody listens on right now. Another program may take it first: whoever binds must be ready to ask again. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no loopback port to be had");
  return address.port;
};
