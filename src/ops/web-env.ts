import type { HttpBindings } from "@hono/node-server";
import type { ApiKey } from "../access/api-keys.ts";
import type { Session } from "../access/session.ts";

/** What travels with a request through our middlewares. */
export type WebEnv = {
  /** What the Node server puts beside a request; absent when a test calls `app.request()`. */
  Bindings: Partial<Pick<HttpBindings, "incoming">>;
  Variables: {
    /** Names this request in answers and logs. */
    requestId: string;
    /** Set once a key was accepted. */
    apiKey: ApiKey;
    /** Set once a session was accepted. */
    session: Session;
  };
};
