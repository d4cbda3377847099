import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { EbayCall, EbayClient } from "./client.ts";
import { hasStatus, unreadable } from "./failures.ts";

const base = "/commerce/notification/v1";

const Destination = z.object({
  destinationId: z.string(),
  status: z.string(),
  deliveryConfig: z.object({ endpoint: z.string().optional(), verificationToken: z.string().optional() }).optional(),
});
export type Destination = z.infer<typeof Destination>;

const Subscription = z.object({
  subscriptionId: z.string(),
  topicId: z.string(),
  status: z.string(),
  destinationId: z.string().optional(),
});
export type Subscription = z.infer<typeof Subscription>;

/** Topics of scope USER belong to the seller, the others to the application: each list shows only its own (§9.1). */
export type TokenOwner = NonNullable<EbayCall["as"]>;

export type WantedDestination = {
  readonly name: string;
  readonly endpoint: string;
  readonly verificationToken: string;
};

const call = (
  method: EbayCall["method"],
  path: string,
  as: TokenOwner,
  more: Pick<EbayCall, "query" | "body"> = {},
): EbayCall => ({
  method,
  path: `${base}${path}`,
  as,
  quota: "notification",
  // Setting something up twice does no harm: eBay refuses the second, or it says the same.
  repeatable: true,
  ...more,
});

/** The Notification interface's own side of an account: who hears of what, and where. Throws `ChannelError`. */
export const createSubscriptionsApi = (client: EbayClient, signal: AbortSignal) => {
  const every = async <Row>(
    path: string,
    as: TokenOwner,
    name: string,
    row: z.ZodType<Row>,
  ): Promise<readonly Row[]> => {
    const Page = z.object({ next: z.string().optional(), [name]: z.array(row).default([]) });
    const rows: Row[] = [];
    let token: string | null = null;
    do {
      const query = { limit: "100", ...(token !== null && { continuation_token: token }) };
      const answer = await client(call("GET", path, as, { query }), signal);
      const parsed = Page.safeParse(answer.body);
      if (!parsed.success) throw unreadable(`list of ${name}`, parsed.error);
      rows.push(...z.array(row).parse(parsed.data[name]));
      token = continuationOf(z.string().optional().parse(parsed.data["next"]));
    } while (token !== null);
    return rows;
  };

  return {
    hasAlertEmail: async (): Promise<boolean> => {
      try {
        const { body } = await client(call("GET", "/config", "application"), signal);
        return z.object({ alertEmail: z.string().min(1) }).safeParse(body).success;
      } catch (error) {
        // 195003 and its like: nothing is configured yet.
        if (error instanceof ChannelError && hasStatus(error, 404, 409)) return false;
        throw error;
      }
    },
    setAlertEmail: (alertEmail: string) =>
      client(call("PUT", "/config", "application", { body: { alertEmail } }), signal),
    destinations: () => every("/destination", "application", "destinations", Destination),
    /** Made anew without an id, else changed. eBay sends its challenge to the endpoint before it answers. */
    setDestination: async (destination: WantedDestination, destinationId?: string): Promise<string | undefined> => {
      const { name, endpoint, verificationToken } = destination;
      const body = { name, status: "ENABLED", deliveryConfig: { endpoint, verificationToken } };
      if (destinationId !== undefined) {
        await client(call("PUT", `/destination/${encodeURIComponent(destinationId)}`, "application", { body }), signal);
        return destinationId;
      }
      const { headers } = await client(call("POST", "/destination", "application", { body }), signal);
      const location: unknown = headers["location"];
      return typeof location === "string" ? location.split("/").at(-1) : undefined;
    },
    subscriptions: (as: TokenOwner) => every("/subscription", as, "subscriptions", Subscription),
    /** Made anew without an id, else changed. */
    setSubscription: async (
      wanted: { readonly topicId: string; readonly destinationId: string; readonly as: TokenOwner },
      subscriptionId?: string,
    ): Promise<void> => {
      const { topicId, destinationId, as } = wanted;
      const payload = { format: "JSON", schemaVersion: "1.0", deliveryProtocol: "HTTPS" };
      const body = { status: "ENABLED", destinationId, payload };
      const path = subscriptionId === undefined ? "" : `/${encodeURIComponent(subscriptionId)}`;
      const full = subscriptionId === undefined ? { topicId, ...body } : body;
      await client(call(path === "" ? "POST" : "PUT", `/subscription${path}`, as, { body: full }), signal);
    },
  };
};

export type SubscriptionsApi = ReturnType<typeof createSubscriptionsApi>;

const continuationOf = (next: string | undefined): string | null =>
  next === undefined ? null : (URL.parse(next, "https://api.ebay.com")?.searchParams.get("continuation_token") ?? null);
