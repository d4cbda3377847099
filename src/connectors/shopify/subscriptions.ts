import type { CheckFinding, Subscriptions } from "../connector.ts";
import type { Client } from "./client.ts";
import * as documents from "./documents.ts";
import {
  type PageInfo,
  ResubscribeAnswer,
  SubscribeAnswer,
  type Subscription,
  SubscriptionsAnswer,
  type UserError,
} from "./schemas.ts";
import { neededTopics, stockTopics } from "./topics.ts";

/**
 * API-made subscriptions to every stock topic, at `address` (`https://…` or `pubsub://project:topic`). Shopify deletes
 * such a subscription after eight failed deliveries, so this is asked for again and again: what is missing is made, one
 * of ours in another format is mended, others' subscriptions are left alone. What the app's configuration file
 * subscribes is not listed by the API; a topic that it has already at the same address is told so, and is fine.
 */
export const createSubscriptions = (client: Client, address: string): Subscriptions => ({
  async audit({ signal }) {
    const known = await allSubscriptions(client, signal);
    const ours = known.filter(({ uri }) => uri === address);
    if (ours.length === 0) return [noneVisible(address)];
    return stockTopics.map((topic) => topicFinding(topic, ours));
  },
  async ensure({ signal }) {
    const known = await allSubscriptions(client, signal);
    const findings: CheckFinding[] = [];
    for (const topic of stockTopics) {
      const held = known.find((subscription) => subscription.topic === topic && subscription.uri === address);
      if (held?.format === "JSON") findings.push({ check: nameOf(topic), ok: true, detail: "subscribed" });
      else if (held !== undefined) findings.push(await mend(client, held, address, signal));
      else findings.push(await subscribe(client, topic, address, signal));
    }
    return findings;
  },
});

const nameOf = (topic: string): string => `subscription ${topic}`;
const connectMends = "Run `lockstep connect` for this account: it makes what is missing.";

/** Subscriptions of the app's configuration file are not listed, and they are the better kind: this is no fault. */
const noneVisible = (address: string): CheckFinding => ({
  check: "subscriptions",
  ok: true,
  detail: `none to ${address} is visible: either in the app's configuration file, or polling alone`,
  fix: connectMends,
});

const topicFinding = (topic: (typeof stockTopics)[number], ours: readonly Subscription[]): CheckFinding => {
  const check = nameOf(topic);
  const held = ours.find((subscription) => subscription.topic === topic);
  if (held?.format === "JSON") return { check, ok: true, detail: "subscribed" };
  const detail = held === undefined ? "not subscribed" : `sent as ${held.format}`;
  const isNeeded = neededTopics.includes(topic);
  const why = "an endpoint that failed eight times loses its subscription";
  return { check, ok: !isNeeded, detail: isNeeded ? `${detail}: ${why}` : detail, fix: connectMends };
};

const allSubscriptions = async (client: Client, signal: AbortSignal): Promise<readonly Subscription[]> => {
  const found: Subscription[] = [];
  let pageInfo: PageInfo = { hasNextPage: true, endCursor: null };
  while (pageInfo.hasNextPage) {
    const variables = { after: pageInfo.endCursor };
    const call = { document: documents.subscriptions, variables, schema: SubscriptionsAnswer };
    const { data } = await client.call(call, signal);
    found.push(...data.webhookSubscriptions.nodes);
    pageInfo = data.webhookSubscriptions.pageInfo;
  }
  return found;
};

const subscribe = async (
  client: Client,
  topic: string,
  address: string,
  signal: AbortSignal,
): Promise<CheckFinding> => {
  const variables = { topic, subscription: { uri: address, format: "JSON" } };
  const call = { document: documents.subscribe, variables, schema: SubscribeAnswer, write: true };
  const { userErrors } = (await client.call(call, signal)).data.webhookSubscriptionCreate;
  // Its only words for it; there is no code. A lost answer to an earlier try looks the same.
  const taken = userErrors.some(({ message }) => message.includes("already been taken"));
  if (userErrors.length === 0) return { check: nameOf(topic), ok: true, detail: "made now" };
  return taken ? { check: nameOf(topic), ok: true, detail: "subscribed already" } : refused(topic, userErrors);
};

const mend = async (
  client: Client,
  held: Subscription,
  address: string,
  signal: AbortSignal,
): Promise<CheckFinding> => {
  const variables = { id: held.id, subscription: { uri: address, format: "JSON" } };
  const call = { document: documents.resubscribe, variables, schema: ResubscribeAnswer, write: true };
  const { userErrors } = (await client.call(call, signal)).data.webhookSubscriptionUpdate;
  return userErrors.length === 0
    ? { check: nameOf(held.topic), ok: true, detail: `was ${held.format}, is JSON now` }
    : refused(held.topic, userErrors);
};

const refused = (topic: string, userErrors: readonly UserError[]): CheckFinding => ({
  check: nameOf(topic),
  ok: false,
  detail: userErrors.map(({ message }) => message).join("; "),
  fix: "Give an https address that Shopify can reach from outside, or pubsub://project:topic, and grant the topic's scope.",
});
