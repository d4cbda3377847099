import type { ApiKey } from "../access/api-keys.ts";
import type { Session } from "../access/session.ts";
import type { WebBindings } from "./client-address.ts";

/** What travels with a request through our middlewares. */
export type WebEnv = {
  Bindings: WebBindings;
  Variables: {
    /** Names this request in answers and logs. */
    requestId: string;
    /** Set once a key was accepted. */
    apiKey: ApiKey;
    /** Set once a session was accepted. */
    session: Session;
  };
};
