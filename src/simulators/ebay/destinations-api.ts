import { z } from "zod";
import { type Answer, failed, notificationError } from "./answers.ts";
import { passesChallenge } from "./challenge.ts";
import type { Destination } from "./entries.ts";
import type { Call, Handler } from "./gate.ts";
import type { Identifiers } from "./identifiers.ts";
import { listPage } from "./notification-paging.ts";
import type { Store } from "./store.ts";

const base = "/commerce/notification/v1";

export const notConfigured = failed(
  409,
  notificationError(195003, "Please provide configurations required for notifications. Refer to /config"),
);
const noSuchDestination = failed(404, notificationError(195022, "Invalid or missing destination id."));

const Asked = z.object({
  name: z.string().optional(),
  status: z.string().optional(),
  deliveryConfig: z.object({ endpoint: z.string().optional(), verificationToken: z.string().optional() }).optional(),
});
type Wanted = Omit<Destination, "destinationId">;

/** Configuration and destinations of the Notification interface (channel document §9.1). */
export const destinationHandlers = (deps: {
  readonly store: Store;
  readonly identifiers: Identifiers;
}): Readonly<Record<string, Handler>> => {
  const { store, identifiers } = deps;
  const { world } = store;
  let challenges = 0;

  /** Runs the challenge; an endpoint is registered only once it has passed. */
  const judge = async (call: Call, destinationId: string | undefined): Promise<Wanted | Answer> => {
    const wanted = read(call);
    if (!("endpoint" in wanted)) return wanted;
    for (const other of world.destinations.values()) {
      if (other.endpoint === wanted.endpoint && other.destinationId !== destinationId) {
        return failed(409, notificationError(195021, "Destination exists for this endpoint"));
      }
    }
    challenges += 1;
    const passed = await passesChallenge(wanted, identifiers.uuid(`challenge:${store.now()}:${challenges}`));
    return passed
      ? wanted
      : failed(409, notificationError(195020, "Challenge verification failed for requested endpoint"));
  };

  const create = async (call: Call): Promise<Answer> => {
    if (world.alertEmail === undefined) return notConfigured;
    const wanted = await judge(call, undefined);
    if (!("endpoint" in wanted)) return wanted;
    const destinationId = identifiers.uuid(`destination:${wanted.endpoint}:${store.now()}`);
    store.commit({ kind: "destination-set", atMs: store.now(), destination: { destinationId, ...wanted } });
    return { status: 201, body: {}, headers: { Location: `${call.origin}${base}/destination/${destinationId}` } };
  };

  const update = async (call: Call): Promise<Answer> => {
    const destinationId = call.path["destination_id"] ?? "";
    if (!world.destinations.has(destinationId)) return noSuchDestination;
    const wanted = await judge(call, destinationId);
    if (!("endpoint" in wanted)) return wanted;
    store.commit({ kind: "destination-set", atMs: store.now(), destination: { destinationId, ...wanted } });
    return { status: 204 };
  };

  const remove = (call: Call): Answer => {
    const destinationId = call.path["destination_id"] ?? "";
    if (!world.destinations.has(destinationId)) return noSuchDestination;
    if ([...world.subscriptions.values()].some((subscription) => subscription.destinationId === destinationId)) {
      return failed(409, notificationError(195024, "Destination is in use and cannot be deleted."));
    }
    store.commit({ kind: "destination-deleted", atMs: store.now(), destinationId });
    return { status: 204 };
  };

  const get = (call: Call): Answer => {
    const destination = world.destinations.get(call.path["destination_id"] ?? "");
    return destination === undefined ? noSuchDestination : { status: 200, body: destinationView(destination) };
  };

  const setConfig = (call: Call): Answer => {
    const alertEmail = z.object({ alertEmail: z.email() }).safeParse(call.body);
    if (!alertEmail.success) return failed(400, notificationError(195025, "Invalid or missing email."));
    store.commit({ kind: "alert-email-set", atMs: store.now(), alertEmail: alertEmail.data.alertEmail });
    return { status: 204 };
  };

  const getConfig = (): Answer =>
    world.alertEmail === undefined
      ? failed(404, notificationError(195026, "Configuration Not Found."))
      : { status: 200, body: { alertEmail: world.alertEmail } };

  const handler = (handle: Handler["handle"]): Handler => ({ needs: "notifications", handle });
  return {
    getConfig: handler(getConfig),
    updateConfig: handler(setConfig),
    getDestinations: handler((call) =>
      listPage(call, `${base}/destination`, "destinations", [...world.destinations.values()].map(destinationView)),
    ),
    createDestination: handler(create),
    getDestination: handler(get),
    updateDestination: handler(update),
    deleteDestination: handler(remove),
  };
};

const destinationView = (destination: Destination) => ({
  destinationId: destination.destinationId,
  name: destination.name,
  status: destination.status,
  deliveryConfig: { endpoint: destination.endpoint, verificationToken: destination.verificationToken },
});

const read = (call: Call): Wanted | Answer => {
  const { name = "", status, deliveryConfig } = Asked.parse(call.body);
  const { endpoint = "", verificationToken = "" } = deliveryConfig ?? {};
  const refuse = (errorId: number, message: string): Answer => {
    call.complain(message);
    return failed(400, notificationError(errorId, message));
  };
  if (name === "" || name.length > 64 || /[<>]/.test(name)) return refuse(195016, "Invalid name.");
  if (status !== "ENABLED" && status !== "DISABLED") return refuse(195018, "Invalid or missing destination status.");
  if (!isReachable(endpoint)) return refuse(195017, "Invalid or missing endpoint.");
  if (!/^[A-Za-z0-9_-]{32,80}$/.test(verificationToken)) {
    return refuse(195019, "Invalid or missing verification token for this endpoint.");
  }
  return { name, status, endpoint, verificationToken };
};

/** The channel calls HTTPS only; this one also calls its own machine without. */
export const isReachable = (endpoint: string): boolean => {
  if (!URL.canParse(endpoint)) return false;
  const { protocol, hostname } = new URL(endpoint);
  return protocol === "https:" || (protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(hostname));
};
