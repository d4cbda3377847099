import { toIso } from "../../core/clock.ts";
import { ChannelError } from "../../core/failure.ts";
import type { CallContext, CheckFinding } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { AmazonSettings } from "../settings.ts";
import type { AmazonClient, Answer } from "./client.ts";
import { marketplacesFinding } from "./marketplaces-check.ts";
import type { AmazonQueue } from "./notifications.ts";
import { ordersPath } from "./order-search.ts";
import { listingsPath } from "./refs.ts";

/** Amazon's answers carry its clock; ours decides deadlines, holds and what counts as newer. */
const skewMsMax = 60_000;
const ordersSinceMs = 10 * 60_000;

/** Runs one probe; a `ChannelError` becomes a finding with what to do about it. */
const probe = async <Result>(
  check: string,
  fix: string,
  ask: () => Promise<Result>,
  tell: (result: Result) => Omit<CheckFinding, "check">,
): Promise<CheckFinding> => {
  try {
    return { check, ...tell(await ask()) };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    // A throttle says that we were let in and asked too often; nothing is wrong with the account.
    if (error.kind === "throttled") return { check, ok: true, detail: `not asked: ${error.message}` };
    return { check, ok: false, detail: error.message, fix };
  }
};

const clockFinding = (answer: Answer): CheckFinding => {
  const skewMs = answer.date === undefined ? Number.NaN : Date.parse(answer.sentAt) - Date.parse(answer.date);
  if (Number.isNaN(skewMs)) return { check: "clock", ok: true, detail: "Amazon told no time" };
  const detail = `${Math.abs(Math.round(skewMs / 1000))} s apart from Amazon's`;
  if (Math.abs(skewMs) <= skewMsMax) return { check: "clock", ok: true, detail };
  return { check: "clock", ok: false, detail, fix: "Set this machine's clock, for example with NTP." };
};

const queueFinding = (queue: AmazonQueue, queueUrl: string, context: CallContext): Promise<CheckFinding> =>
  probe(
    "queue",
    "Check the queue's URL and region, and that these AWS keys may receive from and delete in it.",
    () => queue.waiting(context),
    (waiting) =>
      queueUrl.endsWith(".fifo")
        ? {
            ok: false,
            detail: "a FIFO queue",
            fix: "Use a standard queue: Amazon delivers nothing into a FIFO queue.",
          }
        : { ok: true, detail: `${waiting} messages waiting` },
  );

const readListings = (client: AmazonClient, { sellerId, marketplaceIds }: AmazonSettings, context: CallContext) =>
  client.call(
    {
      operation: "searchListingsItems",
      method: "GET",
      path: listingsPath(sellerId),
      query: { marketplaceIds, pageSize: "1" },
    },
    context.signal,
  );

const readOrders = (client: AmazonClient, { marketplaceIds }: AmazonSettings, nowMs: number, context: CallContext) => {
  const query = { marketplaceIds, lastUpdatedAfter: toIso(nowMs - ordersSinceMs), maxResultsPerPage: "1" };
  return client.call({ operation: "searchOrders", method: "GET", path: ordersPath, query }, context.signal);
};

/** Credentials, roles, region, clock and queue, by reading only. One call each; errors become findings. */
export const checkAccount = async (
  client: AmazonClient,
  settings: AmazonSettings,
  queue: AmazonQueue | undefined,
  deps: Pick<ConnectorDeps, "clock">,
  context: CallContext,
): Promise<readonly CheckFinding[]> => {
  const credentials = await probe(
    "credentials",
    "Check clientId, clientSecret and refreshToken; authorise the app again in Seller Central.",
    () => client.authenticate(),
    () => ({ ok: true, detail: "Login with Amazon gave a token" }),
  );
  if (!credentials.ok) return [credentials];
  const clock: CheckFinding[] = [];
  const listings = await probe(
    "listings role",
    "Give the app the Product Listing role, and check sellerId, region and marketplaceIds.",
    () => readListings(client, settings, context),
    (answer) => {
      clock.push(clockFinding(answer));
      return { ok: true, detail: "listings can be read" };
    },
  );
  const orders = await probe(
    "orders role",
    "Give the app the Inventory and Order Tracking role.",
    () => readOrders(client, settings, deps.clock.now(), context),
    () => ({ ok: true, detail: "orders can be read" }),
  );
  const queueUrl = settings.notifications?.queueUrl;
  const inbound = queue === undefined || queueUrl === undefined ? [] : [await queueFinding(queue, queueUrl, context)];
  return [credentials, listings, await marketplacesFinding(client, settings, context), orders, ...clock, ...inbound];
};
