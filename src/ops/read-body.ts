/**
 * The exact bytes of a request's body, or undefined when there are more than `bytesMax`. A declared length is believed
 * when it is too large; otherwise bytes are counted as they arrive, so a body without a length cannot fill the memory.
 */
export const readBody = async (request: Request, bytesMax: number): Promise<Uint8Array | undefined> => {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > bytesMax) return undefined;
  if (request.body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream: nothing more is read.
    if (size > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
