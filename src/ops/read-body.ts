import { IncomingMessage } from "node:http";

/**
 * The exact bytes of a request's body, or undefined when there are more than `bytesMax`. A declared length is believed
 * when it is too large; otherwise bytes are counted as they arrive, so a body without a length cannot fill the memory.
 * `incoming`: the Node server's own message, where there is one: a web stream around it costs more than the rest of a
 * small request.
 */
export const readBody = async (
  request: Request,
  bytesMax: number,
  incoming?: unknown,
): Promise<Uint8Array | undefined> => {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > bytesMax) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of piecesOf(request, incoming)) {
    size += chunk.byteLength;
    // Leaving the loop ends the reading: nothing more is kept.
    if (size > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const piecesOf = (request: Request, incoming: unknown): Pieces => {
  // Not destroyed when we stop early: the refusal still has to go out on its socket.
  if (incoming instanceof IncomingMessage)
    return { [Symbol.asyncIterator]: () => incoming.iterator({ destroyOnReturn: false }) };
  return request.body ?? [];
};
