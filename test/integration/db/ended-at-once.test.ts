import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { openDb } from "../../../src/db/pool.ts";
import { inTransaction, isDatabaseAway } from "../../../src/db/transaction.ts";

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type, 0);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const ready = message("Z", Buffer.from("I"));
const authenticated = message("R", Buffer.alloc(4));
const fatal = message(
  "E",
  Buffer.from("SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"),
);

test("a connection that the server ends in the packet that opens it fails a transaction, not the process", async () => {
  // Postgres does so when somebody ends every backend while connections are being made.
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(Buffer.concat([authenticated, ready, fatal])));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const db = openDb({
    url: `postgres://someone:secret@127.0.0.1:${port}/any`,
    connectionsMax: 1,
    applicationName: "test",
    onIdleError: () => undefined,
  });
  const failure = await inTransaction(db, () => Promise.resolve()).then(
    () => undefined,
    (error: Error) => error,
  );
  expect(isDatabaseAway(failure)).toBe(true);
  await db.close();
  server.close();
});
