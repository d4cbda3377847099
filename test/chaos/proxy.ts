import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { sleep } from "./sleep.ts";

/** What a link does with what passes over it. */
export type LinkState =
  | { readonly kind: "open" }
  /** Everything arrives, in order, this much later; each way. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** New connections are accepted, and nothing is ever answered; what was open says nothing any more. */
  | { readonly kind: "silent" }
  /** New connections and those that were open are reset. */
  | { readonly kind: "refusing" }
  /** Of what the server answers so many bytes pass, then the connection is reset. */
  | { readonly kind: "cutting"; readonly bytesMax: () => number };

export type Proxy = {
  readonly port: number;
  /** Connections that are not closed on both sides. */
  openCount(): number;
  /**
   * From now on the link is like this. Connections that a silence has swallowed are reset when it ends; with
   * `forgetting` nobody ever tells the client, as after a firewall that has lost its table.
   */
  set(state: LinkState, forgetting?: boolean): void;
  close(): Promise<void>;
};

type Pair = {
  readonly client: Socket;
  readonly server: Socket | undefined;
  swallowed: boolean;
  /** Bytes of answers that still pass while the link is cutting. */
  bytesLeft: number | undefined;
};

/** A TCP proxy on loopback in front of `targetPort`, whose link can be slowed, silenced, refused and cut. */
export const startProxy = async (targetPort: number): Promise<Proxy> => {
  let state: LinkState = { kind: "open" };
  const pairs = new Set<Pair>();

  const reset = (pair: Pair): void => {
    pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.server?.resetAndDestroy();
  };

  /** One way of a pair: what comes is written on in order, as the link's state at its arrival says. */
  const carry = (pair: Pair, from: Socket, to: Socket): void => {
    let last: Promise<void> = Promise.resolve();
    const after = (delayMs: number, write: () => void): void => {
      const dueMs = performance.now() + delayMs;
      last = last.then(async () => {
        const waitMs = dueMs - performance.now();
        if (waitMs > 0) await sleep(waitMs);
        write();
      });
    };
    from.on("data", (chunk: Buffer) => {
      if (state.kind === "silent") pair.swallowed = true;
      if (pair.swallowed) return;
      if (state.kind === "cutting" && from === pair.server) {
        pair.bytesLeft ??= state.bytesMax();
        const passes = chunk.subarray(0, pair.bytesLeft);
        pair.bytesLeft -= passes.length;
        const isOver = passes.length < chunk.length;
        after(0, () => to.write(passes, () => (isOver ? reset(pair) : undefined)));
        return;
      }
      after(state.kind === "slow" ? state.delayMs : 0, () => {
        if (to.writable && !to.write(chunk)) {
          from.pause();
          to.once("drain", () => from.resume());
        }
      });
    });
    from.on("end", () => {
      if (state.kind === "silent") pair.swallowed = true;
      if (!pair.swallowed) after(0, () => to.end());
    });
    from.on("error", () => (pair.swallowed ? undefined : reset(pair)));
    from.on("close", () => {
      if (pair.client.destroyed && pair.server?.destroyed !== false) pairs.delete(pair);
      // The end of a swallowed connection does not reach the other side either: its packets are lost too.
      if (!pair.swallowed) after(0, () => to.destroy());
    });
  };

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => undefined);
    if (state.kind === "refusing") {
      client.resetAndDestroy();
      return;
    }
    if (state.kind === "silent") {
      pairs.add({ client, server: undefined, swallowed: true, bytesLeft: undefined });
      client.resume();
      return;
    }
    const server = connect({ host: "127.0.0.1", port: targetPort, allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    const pair: Pair = { client, server, swallowed: false, bytesLeft: undefined };
    pairs.add(pair);
    carry(pair, client, server);
    carry(pair, server, client);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");

  return {
    port: address.port,
    openCount: () => pairs.size,
    set: (next, forgetting = false) => {
      const before = state;
      state = next;
      for (const pair of pairs) {
        pair.bytesLeft = undefined;
        if (next.kind === "refusing") reset(pair);
        else if (next.kind === "silent") pair.swallowed = true;
        else if (before.kind === "silent" && pair.swallowed && !forgetting) reset(pair);
      }
    },
    close: async () => {
      for (const pair of pairs) reset(pair);
      listener.close();
      await once(listener, "close");
    },
  };
};
