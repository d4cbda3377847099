import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { CheckFinding } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { EbaySettings } from "../settings.ts";
import type { EbayAnswer, EbayCall, EbayClient } from "./client.ts";
import { headerOf } from "./failures.ts";
import { readOutOfStockControl } from "./out-of-stock.ts";
import { readRemaining } from "./rate-limits.ts";
import { orderTopics } from "./topics.ts";
import type { Trading } from "./trading.ts";

const skewMsMax = 30_000;
/** Below this share of the day's calls left, somebody should look before it runs out. */
const lowShare = 0.1;

type Checking = {
  readonly client: EbayClient;
  readonly trading: Trading;
  readonly settings: EbaySettings;
  readonly clock: ConnectorDeps["clock"];
  readonly signal: AbortSignal;
};

/** Credentials, scopes, clock, quotas, subscriptions. Only reads; one finding each, a failure never hides the next. */
export const check = async (checking: Checking): Promise<readonly CheckFinding[]> => {
  const findings = [
    ...(await checkScope("inventory", "/sell/inventory/v1/inventory_item", "sell.inventory", checking)),
    ...(await checkScope("orders", "/sell/fulfillment/v1/order", "sell.fulfillment", checking)),
    ...(await checkQuotas(checking)),
    await checkOutOfStock(checking),
  ];
  return checking.settings.webhooks === undefined ? findings : [...findings, ...(await checkSubscriptions(checking))];
};

/** With the preference off a quantity of 0 ends the listing, and re-publishing makes a new one (§5.3). */
const checkOutOfStock = async ({ trading, signal }: Checking): Promise<CheckFinding> => {
  const control = await attempt(() => readOutOfStockControl(trading, signal));
  const check = "out-of-stock control";
  if (control === "on") return { check, ok: true, detail: "on: a listing at 0 stays alive, hidden from buyers" };
  if (control === "off") {
    const detail = "off: a quantity of 0 would end the listing, so it is refused";
    return { check, ok: false, detail, fix: "My eBay → Site Preferences: switch the out-of-stock option on." };
  }
  const why = control instanceof ChannelError ? control.message : "eBay does not say";
  const fix = "See in My eBay → Site Preferences that the out-of-stock option is on; without it a 0 ends the listing.";
  return { check, ok: false, detail: `cannot be read: ${why}`, fix };
};

const checkScope = async (
  name: string,
  path: string,
  scope: string,
  { client, clock, signal }: Checking,
): Promise<readonly CheckFinding[]> => {
  const quota = name === "orders" ? "fulfillment" : "inventory";
  const call: EbayCall = { method: "GET", path, query: { limit: "1", offset: "0" }, quota, repeatable: true };
  const answer = await attempt(() => client(call, signal));
  if (answer instanceof ChannelError) {
    const fix =
      answer.kind === "auth"
        ? `Let the seller consent again, with the scope ${scope}, and store the new refresh token.`
        : "Try again; if it stays, look the code up in eBay's documentation.";
    return [{ check: name, ok: false, detail: answer.message, fix }];
  }
  const readable = { check: name, ok: true, detail: `readable with the seller's token (${scope})` };
  return name === "orders" ? [readable, ...clockFinding(answer, clock.now())] : [readable];
};

/** A clock ahead of eBay's asks for orders of the future, which eBay refuses with 30850. */
const clockFinding = (answer: EbayAnswer, nowMs: number): readonly CheckFinding[] => {
  const theirsMs = Date.parse(headerOf(answer.headers, "date") ?? "");
  if (Number.isNaN(theirsMs)) return [];
  const skewMs = nowMs - theirsMs;
  const ok = Math.abs(skewMs) <= skewMsMax;
  const detail = `our clock differs from eBay's by about ${Math.round(skewMs / 1000)} s`;
  return [{ check: "clock", ok, detail, ...(!ok && { fix: "Synchronise this machine's clock (NTP)." }) }];
};

const checkQuotas = async ({ client, signal }: Checking): Promise<readonly CheckFinding[]> => {
  const findings: CheckFinding[] = [];
  for (const quota of ["inventory", "fulfillment"] as const) {
    const seen = await attempt(() => readRemaining(quota, client, signal));
    if (seen instanceof ChannelError || seen === undefined) {
      findings.push({ check: `quota ${quota}`, ok: true, detail: "eBay does not tell it" });
      continue;
    }
    const ok = seen.remaining > seen.limit * lowShare;
    const detail = `${seen.remaining} of ${seen.limit} calls left today, for all accounts of this application`;
    findings.push({
      check: `quota ${quota}`,
      ok,
      detail,
      ...(!ok && { fix: "Lower the audit's rate, or apply for a higher limit (Application Growth Check)." }),
    });
  }
  return findings;
};

const Subscriptions = z.object({
  subscriptions: z
    .array(z.object({ topicId: z.string(), status: z.string(), destinationId: z.string().optional() }))
    .default([]),
});
const Destination = z.object({ status: z.string(), deliveryConfig: z.object({ endpoint: z.string() }).optional() });

const checkSubscriptions = async (checking: Checking): Promise<readonly CheckFinding[]> => {
  const { client, signal } = checking;
  const path = "/commerce/notification/v1/subscription";
  const answer = await attempt(() =>
    client({ method: "GET", path, query: { limit: "100" }, quota: "notification", repeatable: true }, signal),
  );
  if (answer instanceof ChannelError) {
    const fix = "Let the seller consent to commerce.notification.subscription; until then orders come by polling only.";
    return [{ check: "subscriptions", ok: false, detail: answer.message, fix }];
  }
  const subscriptions = Subscriptions.safeParse(answer.body).data?.subscriptions ?? [];
  const topics = [...orderTopics].map((topic): CheckFinding => {
    const ok = subscriptions.some(({ topicId, status }) => topicId === topic && status === "ENABLED");
    const detail = ok ? "subscribed" : "not subscribed: such orders are seen at the next poll";
    return {
      check: `subscription ${topic}`,
      ok,
      detail,
      ...(!ok && { fix: `Subscribe to ${topic} with the seller's token and enable it.` }),
    };
  });
  const destinationIds = [
    ...new Set(subscriptions.flatMap(({ destinationId }) => (destinationId === undefined ? [] : [destinationId]))),
  ];
  const destinations = await Promise.all(destinationIds.map((id) => checkDestination(id, checking)));
  return [...topics, ...destinations];
};

const checkDestination = async (id: string, { client, settings, signal }: Checking): Promise<CheckFinding> => {
  const path = `/commerce/notification/v1/destination/${encodeURIComponent(id)}`;
  const answer = await attempt(() =>
    client({ method: "GET", path, quota: "notification", as: "application", repeatable: true }, signal),
  );
  const destination = answer instanceof ChannelError ? undefined : Destination.safeParse(answer.body).data;
  if (destination === undefined)
    return { check: `destination ${id}`, ok: false, detail: "cannot be read", fix: "Check the application's keys." };
  const endpoint = destination.deliveryConfig?.endpoint ?? "none";
  const ok = destination.status === "ENABLED" && endpoint === settings.webhooks?.endpoint;
  const fix =
    "Enable the destination again, with the endpoint exactly as in the settings (eBay marks it down when it fails for long).";
  return { check: `destination ${id}`, ok, detail: `${destination.status}, endpoint ${endpoint}`, ...(!ok && { fix }) };
};

const attempt = async <Value>(work: () => Promise<Value>): Promise<Value | ChannelError> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ChannelError) return error;
    throw error;
  }
};
