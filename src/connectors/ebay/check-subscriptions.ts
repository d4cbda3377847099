import { ChannelError } from "../../core/failure.ts";
import type { CheckFinding } from "../connector.ts";
import type { Destination, Subscription, SubscriptionsApi, TokenOwner } from "./subscriptions.ts";
import { topicOwners } from "./topics.ts";

/** What is missing for messages to come, without changing anything. `lockstep connect` mends all of it. */
export const checkSubscriptions = async (endpoint: string, api: SubscriptionsApi): Promise<readonly CheckFinding[]> => [
  ...(await findingsOf("alert address", () => checkConfig(api))),
  ...(await findingsOf("destination", async () => [destinationFinding(endpoint, await api.destinations())])),
  ...(await topicFindings("seller", api)),
  ...(await topicFindings("application", api)),
];

const mend = "Run `lockstep connect` for this account: it sets it up.";

const checkConfig = async (api: SubscriptionsApi): Promise<readonly CheckFinding[]> => {
  const ok = await api.hasAlertEmail();
  const detail = ok ? "is set" : "eBay has nobody to write to when messages fail";
  return [{ check: "alert address", ok, detail, ...(!ok && { fix: mend }) }];
};

const destinationFinding = (endpoint: string, destinations: readonly Destination[]): CheckFinding => {
  const check = "destination";
  const own = destinations.find(({ deliveryConfig }) => deliveryConfig?.endpoint === endpoint);
  if (own === undefined) return { check, ok: false, detail: `eBay does not know the endpoint ${endpoint}`, fix: mend };
  const ok = own.status === "ENABLED";
  const fix = `Enable it again once the endpoint answers: eBay marks a destination down when it fails for long. ${mend}`;
  return { check, ok, detail: `${own.status}, endpoint ${endpoint}`, ...(!ok && { fix }) };
};

const topicFindings = async (as: TokenOwner, api: SubscriptionsApi): Promise<readonly CheckFinding[]> =>
  findingsOf(`subscriptions of the ${as}`, async () => {
    const subscriptions = await api.subscriptions(as);
    return topicOwners.filter(([, owner]) => owner === as).map(([topic]) => topicFinding(topic, subscriptions));
  });

const topicFinding = (topic: string, subscriptions: readonly Subscription[]): CheckFinding => {
  const ok = subscriptions.some(({ topicId, status }) => topicId === topic && status === "ENABLED");
  const detail = ok ? "subscribed" : "not subscribed: what it would tell is seen at the next poll, if at all";
  const fix = `Subscribe to ${topic} and enable it. ${mend}`;
  return { check: `subscription ${topic}`, ok, detail, ...(!ok && { fix }) };
};

/** One list that cannot be read must not hide the others. */
const findingsOf = async (
  check: string,
  work: () => Promise<readonly CheckFinding[]>,
): Promise<readonly CheckFinding[]> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    const fix = "Let the seller consent to commerce.notification.subscription; until then orders come by polling only.";
    return [{ check, ok: false, detail: error.message, fix }];
  }
};
