import { gunzipSync } from "node:zlib";
import { Hono } from "hono";
import { sha256Hex } from "../../core/digest.ts";

/** A presigned address works for five minutes (channel document §9). */
const urlLifeMs = 5 * 60_000;

type Stored = {
  /** What an upload must state again. */
  readonly contentType: string;
  content: Buffer | undefined;
  readonly gzipped: boolean;
};

/** Content of feeds and reports, behind addresses whose bearer needs no token. In memory: a restart loses it. */
export class DocumentStore {
  readonly #documents = new Map<string, Stored>();
  readonly #nowMs: () => number;
  readonly #lifeMs: number;
  readonly #secret: string;

  constructor(options: { readonly seed: number; readonly nowMs: () => number; readonly speedUp: number }) {
    this.#nowMs = options.nowMs;
    this.#lifeMs = urlLifeMs / options.speedUp;
    this.#secret = `documents:${options.seed}`;
  }

  create(documentId: string, contentType: string): void {
    this.#documents.set(documentId, { contentType, content: undefined, gzipped: false });
  }

  put(documentId: string, contentType: string, content: Buffer, gzipped: boolean): void {
    this.#documents.set(documentId, { contentType, content, gzipped });
  }

  /** undefined: no such document, or nothing was uploaded yet. */
  textOf(documentId: string): string | undefined {
    const found = this.#documents.get(documentId);
    return found?.content && (found.gzipped ? gunzipSync(found.content) : found.content).toString("utf8");
  }

  find(documentId: string): Stored | undefined {
    return this.#documents.get(documentId);
  }

  /** Path and query of a presigned address for one method. */
  presign(method: "GET" | "PUT", documentId: string): string {
    const expires = this.#nowMs() + this.#lifeMs;
    const query = new URLSearchParams({ expires: String(expires), signature: this.#sign(method, documentId, expires) });
    return `/_documents/${encodeURIComponent(documentId)}?${query.toString()}`;
  }

  /** `complain`: what the seller's software must not do here. */
  routes(complain: (what: string) => void): Hono {
    const app = new Hono();
    app.all("/:id", async (c) => {
      const documentId = c.req.param("id");
      const method = c.req.method === "PUT" ? "PUT" : "GET";
      const expires = Number(c.req.query("expires"));
      if (c.req.query("signature") !== this.#sign(method, documentId, expires) || this.#nowMs() > expires) {
        return c.text("<Error><Code>AccessDenied</Code></Error>", 403);
      }
      if (c.req.header("x-amz-access-token") !== undefined) {
        complain("sends its access token to the document store");
        return c.text("<Error><Code>InvalidRequest</Code></Error>", 400);
      }
      const found = this.#documents.get(documentId);
      if (found === undefined) return c.text("<Error><Code>NoSuchKey</Code></Error>", 404);
      if (method === "PUT") {
        if (c.req.header("content-type") !== found.contentType) {
          complain("uploads with another content type than it announced");
          return c.text("<Error><Code>SignatureDoesNotMatch</Code></Error>", 403);
        }
        found.content = Buffer.from(await c.req.arrayBuffer());
        return c.body(null, 200);
      }
      return found.content === undefined
        ? c.text("<Error><Code>NoSuchKey</Code></Error>", 404)
        : new Response(new Uint8Array(found.content), { headers: { "content-type": found.contentType } });
    });
    return app;
  }

  #sign(method: string, documentId: string, expires: number): string {
    return sha256Hex(`${this.#secret}:${method}:${documentId}:${expires}`);
  }
}
