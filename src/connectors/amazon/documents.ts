import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { AxiosResponse } from "axios";
import { ChannelError } from "../../core/failure.ts";
import type { ConnectorDeps, Log } from "../deps.ts";
import { createHttp } from "../http.ts";

/** Whoever has a presigned address has the document: it reaches no log (§5). */
const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const transferMsMax = 60_000;

export interface Documents {
  /** PUT of the bytes with the content type that was announced. Repeating it changes nothing. */
  upload(url: string, content: Buffer, contentType: string, signal: AbortSignal): Promise<void>;
  /** The bytes as they come, unpacked when `compression` says so, and the content type that was declared. */
  download(
    document: { readonly url: string; readonly compressionAlgorithm?: string | undefined },
    signal: AbortSignal,
  ): Promise<{ readonly content: Readable; readonly contentType: string | undefined }>;
}

const failureOf = ({ status }: AxiosResponse<unknown>): ChannelError | undefined => {
  if (status >= 200 && status < 300) return undefined;
  const message = `the document store answered ${status}`;
  // The address lives five minutes: with a new one it may work (§9).
  return new ChannelError({ kind: "retryable", message });
};

/** Content of feeds and reports at their presigned addresses: no token, no header of ours, no redirect (§9, §10). */
export const createDocuments = (deps: Pick<ConnectorDeps, "random" | "calls">): Documents => {
  const http = createHttp({ random: deps.random, log: silent, calls: deps.calls }, failureOf);
  return {
    async upload(url, content, contentType, signal) {
      const headers = { "content-type": contentType };
      await http(
        {
          method: "PUT",
          url,
          data: content,
          headers,
          repeatable: true,
          timeoutMs: transferMsMax,
          maxBodyLength: Number.POSITIVE_INFINITY,
        },
        signal,
      );
    },
    async download({ url, compressionAlgorithm }, signal) {
      if (compressionAlgorithm !== undefined && compressionAlgorithm !== "GZIP") {
        throw new ChannelError({ kind: "permanent", message: `unknown compression ${compressionAlgorithm}` });
      }
      const response = await http(
        { method: "GET", url, responseType: "stream", repeatable: true, timeoutMs: transferMsMax },
        signal,
      );
      if (!(response.data instanceof Readable))
        throw new ChannelError({ kind: "retryable", message: "no document came" });
      const declared: unknown = response.headers["content-type"];
      const contentType = typeof declared === "string" ? declared : undefined;
      const raw = response.data;
      if (compressionAlgorithm === undefined) return { content: raw, contentType };
      const unpacked = createGunzip();
      raw.once("error", (error) => unpacked.destroy(error));
      return { content: raw.pipe(unpacked), contentType };
    },
  };
};
