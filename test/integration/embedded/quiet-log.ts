import type { ServerLog } from "../../../src/embedded/server.ts";

export const quietLog: ServerLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A log that keeps its messages. */
export const recordingLog = (): ServerLog & { readonly messages: readonly string[] } => {
  const messages: string[] = [];
  const keep = (_: object, message: string): void => {
    messages.push(message);
  };
  return { messages, info: keep, warn: keep, error: keep };
};
