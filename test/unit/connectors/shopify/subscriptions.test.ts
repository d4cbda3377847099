import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import type { CheckFinding } from "../../../../src/connectors/connector.ts";
import {
  type Bench,
  contract,
  createBench as createShopifyBench,
  noMore,
  okData,
  type Reply,
  type Sent,
  serveGraphql,
} from "./support.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());

const address = "https://lockstep.test/webhooks/shopify/shop-one";
const createBench = (webhooksAddress = address): Bench => createShopifyBench({ webhooksAddress });
const ensure = async ({ connector, context }: Bench): Promise<readonly CheckFinding[]> => {
  if (connector.subscriptions === undefined) throw new Error("the connector subscribes to nothing");
  return connector.subscriptions.ensure(context);
};
const topicOf = (check: string): string => check.replace("subscription ", "");
const subscription = (topic: string, more: object = {}): object => ({
  id: `gid://shopify/WebhookSubscription/${topic.length}`,
  topic,
  uri: address,
  format: "JSON",
  ...more,
});
const list = (nodes: readonly object[]): Record<string, unknown> => ({
  webhookSubscriptions: { nodes, pageInfo: noMore },
});
const made: Reply = okData({
  webhookSubscriptionCreate: { webhookSubscription: { id: "gid://shopify/WebhookSubscription/1" }, userErrors: [] },
});
const mended: Reply = okData({
  webhookSubscriptionUpdate: { webhookSubscription: { id: "gid://shopify/WebhookSubscription/1" }, userErrors: [] },
});
const replies = ({ operation }: Sent): Reply | undefined => ({ Subscribe: made, Resubscribe: mended })[operation];
const Subscribed = z.object({ topic: z.string(), subscription: z.object({ uri: z.string(), format: z.string() }) });

test("an app that is subscribed to nothing is subscribed to every stock topic, and every topic exists", async () => {
  const sent = serveGraphql(list([]), replies);
  const findings = await ensure(createBench());
  const asked = sent.flatMap(({ operation, variables }) =>
    operation === "Subscribe" ? [Subscribed.parse(variables)] : [],
  );
  expect(findings.map(({ check, ok }) => [check, ok])).toEqual(
    asked.map(({ topic }) => [`subscription ${topic}`, true]),
  );
  expect(new Set(asked.map(({ subscription: { uri, format } }) => `${format} ${uri}`))).toEqual(
    new Set([`JSON ${address}`]),
  );
  const { by_version } = contract(
    "vectors/stock-relevant-webhook-topics.json",
    z.object({ by_version: z.record(z.string(), z.array(z.string())) }),
  );
  expect(by_version["2026-10"]).toEqual(expect.arrayContaining(asked.map(({ topic }) => topic)));
});

test("what is there stays, what the channel dropped is restored, and others' subscriptions are left alone", async () => {
  const held = (await ensureAll())
    .map(({ check }) => topicOf(check))
    .filter((topic) => topic !== "ORDERS_CREATE")
    .map((topic) => subscription(topic));
  const foreign = subscription("ORDERS_CREATE", { uri: "https://other.test/hook", format: "XML" });
  const sent = serveGraphql(list([...held, foreign]), replies);
  const findings = await ensure(createBench());
  expect(sent.map(({ operation }) => operation)).toEqual(["Subscriptions", "Subscribe"]);
  expect(sent[1]?.variables).toMatchObject({ topic: "ORDERS_CREATE" });
  expect(findings.filter(({ detail }) => detail === "made now").map(({ check }) => topicOf(check))).toEqual([
    "ORDERS_CREATE",
  ]);
});

test("one of ours in another format is mended", async () => {
  const held = (await ensureAll())
    .map(({ check }) => topicOf(check))
    .map((topic) => subscription(topic, topic === "REFUNDS_CREATE" ? { format: "XML" } : {}));
  const sent = serveGraphql(list(held), replies);
  expect((await ensure(createBench())).every(({ ok }) => ok)).toBe(true);
  expect(sent.map(({ operation }) => operation)).toEqual(["Subscriptions", "Resubscribe"]);
});

const RecordedUri = z.object({
  primary: z.object({
    response: z.object({
      payload: z.object({
        data: z.object({
          createHttpUriRejected: z.object({ webhookSubscription: z.null(), userErrors: z.array(z.unknown()) }),
        }),
      }),
    }),
  }),
});

test("an address that the channel refuses, as recorded, is a finding with a fix; one it has already is none", async () => {
  const recorded = contract("recorded/webhooks/webhook-subscription-uri-validation.json", RecordedUri);
  const refused = okData({ webhookSubscriptionCreate: recorded.primary.response.payload.data.createHttpUriRejected });
  const bench = createBench("http://example.com/hook");
  serveGraphql(list([]), ({ operation }) => (operation === "Subscribe" ? refused : undefined));
  const findings = await ensure(bench);
  expect(new Set(findings.map(({ ok, detail }) => `${ok} ${detail}`))).toEqual(
    new Set(["false Address protocol http:// is not supported"]),
  );
  expect(findings.every(({ fix }) => fix !== undefined)).toBe(true);
  nock.cleanAll();
  const userErrors = [
    { field: ["webhookSubscription", "callbackUrl"], message: "Address for this topic has already been taken" },
  ];
  const taken = okData({ webhookSubscriptionCreate: { webhookSubscription: null, userErrors } });
  serveGraphql(list([]), ({ operation }) => (operation === "Subscribe" ? taken : undefined));
  expect((await ensure(createBench())).every(({ ok }) => ok)).toBe(true);
});

test("the audit changes nothing: it names what a poll alone would tell, and takes none at all for the app's own file", async () => {
  const audit = async (nodes: readonly object[]) => {
    nock.cleanAll();
    const sent = serveGraphql(list(nodes), () => undefined);
    const findings = await createBench().connector.subscriptions?.audit(createBench().context);
    expect(sent.map(({ operation }) => operation)).toEqual(["Subscriptions"]);
    return findings ?? [];
  };
  expect(await audit([])).toMatchObject([{ check: "subscriptions", ok: true }]);
  nock.cleanAll();
  const topics = (await ensureAll()).map(({ check }) => topicOf(check));
  const dropped = topics.filter((topic) => topic !== "REFUNDS_CREATE" && topic !== "ORDERS_DELETE");
  const failing = (await audit(dropped.map((topic) => subscription(topic)))).filter(({ ok }) => !ok);
  expect(failing).toMatchObject([{ check: "subscription REFUNDS_CREATE", fix: expect.stringContaining("connect") }]);
});

const ensureAll = async (): Promise<readonly CheckFinding[]> => {
  serveGraphql(list([]), replies);
  const findings = await ensure(createBench());
  nock.cleanAll();
  return findings;
};
