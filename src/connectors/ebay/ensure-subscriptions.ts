import { ChannelError } from "../../core/failure.ts";
import type { CheckFinding } from "../connector.ts";
import type { EbaySettings } from "../settings.ts";
import type { SubscriptionsApi } from "./subscriptions.ts";
import { topicOwners } from "./topics.ts";

const destinationName = "Lockstep";

/**
 * Makes or mends what eBay needs to send us messages, in the order in which it demands it (§9.1): alert address,
 * destination (its challenge runs at once, so the web role must be reachable), one subscription a topic. A topic that
 * the application has not been granted fails alone.
 */
export const ensureSubscriptions = async (
  webhooks: NonNullable<EbaySettings["webhooks"]>,
  api: SubscriptionsApi,
): Promise<readonly CheckFinding[]> => {
  const config = await step("alert address", () => ensureAlertEmail(webhooks.alertEmail, api), configFix);
  if (!config.finding.ok) return [config.finding];
  const destination = await step("destination", () => ensureDestination(webhooks, api), destinationFix);
  const { value: destinationId } = destination;
  if (destinationId === undefined) return [config.finding, destination.finding];
  const findings = [config.finding, destination.finding];
  for (const [topicId, as] of topicOwners) {
    const work = (): Promise<Done> => ensureTopic({ topicId, as, destinationId }, api);
    findings.push((await step(`subscription ${topicId}`, work, topicFix(topicId, as))).finding);
  }
  return findings;
};

type Done = { readonly detail: string; readonly value?: string };

const configFix = "Set webhooks.alert_email to the address that eBay shall write to when messages fail.";
const destinationFix =
  "eBay calls the endpoint while it registers it: start the web role, make the endpoint reachable over https, and register it exactly as in the settings.";
const topicFix = (topicId: string, as: string): string =>
  as === "seller"
    ? `Let the seller consent to the scopes of ${topicId}; some are granted to applications on request only. Until then such orders come by polling.`
    : `Check the application's keys; ${topicId} is compulsory.`;

/** A failed step is a finding with eBay's words; anything but a `ChannelError` is ours and thrown. */
const step = async (
  check: string,
  work: () => Promise<Done>,
  fix: string,
): Promise<{ readonly finding: CheckFinding; readonly value?: string }> => {
  try {
    const { detail, value } = await work();
    return { finding: { check, ok: true, detail }, ...(value !== undefined && { value }) };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return { finding: { check, ok: false, detail: error.message, fix } };
  }
};

const ensureAlertEmail = async (alertEmail: string | undefined, api: SubscriptionsApi): Promise<Done> => {
  if (await api.hasAlertEmail()) return { detail: "is set" };
  if (alertEmail === undefined) throw new ChannelError({ kind: "permanent", message: "eBay has no alert address yet" });
  await api.setAlertEmail(alertEmail);
  return { detail: "has been set" };
};

const ensureDestination = async (
  { endpoint, verificationToken }: NonNullable<EbaySettings["webhooks"]>,
  api: SubscriptionsApi,
): Promise<Done> => {
  const wanted = { name: destinationName, endpoint, verificationToken: verificationToken.reveal() };
  const known = (await api.destinations()).find(({ deliveryConfig }) => deliveryConfig?.endpoint === endpoint);
  if (known === undefined) {
    const made = await api.setDestination(wanted);
    if (made === undefined)
      throw new ChannelError({ kind: "retryable", message: "eBay does not name the destination" });
    return { detail: `${endpoint} has been registered`, value: made };
  }
  const { destinationId, status, deliveryConfig } = known;
  const token = deliveryConfig?.verificationToken;
  if (status === "ENABLED" && (token === undefined || token === wanted.verificationToken))
    return { detail: `${endpoint} is enabled`, value: destinationId };
  await api.setDestination(wanted, destinationId);
  return { detail: `${endpoint} was ${status} and has been enabled`, value: destinationId };
};

const ensureTopic = async (
  wanted: { readonly topicId: string; readonly as: "seller" | "application"; readonly destinationId: string },
  api: SubscriptionsApi,
): Promise<Done> => {
  const known = (await api.subscriptions(wanted.as)).find(({ topicId }) => topicId === wanted.topicId);
  if (known === undefined) {
    await api.setSubscription(wanted);
    return { detail: "has been subscribed to" };
  }
  if (known.status === "ENABLED" && known.destinationId === wanted.destinationId) return { detail: "is subscribed to" };
  await api.setSubscription(wanted, known.subscriptionId);
  return { detail: `was ${known.status}, and has been enabled for this endpoint` };
};
