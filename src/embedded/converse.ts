import { connect } from "node:net";

/**
 * Opens a loopback connection, sends `say`, and returns what came back before `until` appeared in it, the other side
 * closed, or half a second had passed; undefined when nobody listens. With `say: ""` it only tells whether somebody does.
 */
export const converse = (port: number, say: string, until: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    let heard = "";
    let connected = false;
    const socket = connect({ host: "127.0.0.1", port, timeout: 500 });
    const end = (): void => {
      socket.destroy();
      resolve(connected ? heard : undefined);
    };
    socket.on("connect", () => {
      connected = true;
      if (say === "") end();
      else socket.write(say);
    });
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
      if (heard.includes(until)) end();
    });
    socket.on("timeout", end);
    socket.on("error", end);
    socket.on("close", end);
  });

export const listens = async (port: number): Promise<boolean> => (await converse(port, "", "")) !== undefined;
