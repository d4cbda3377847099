import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CheckFinding } from "../../../../src/connectors/connector.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { type Bench, createBench, errorRow, grantTokens, host } from "./harness.ts";

const base = "/commerce/notification/v1";
const endpoint = "https://sync.example.com/hooks/ebay";
const verificationToken = "verification_token_0123456789_ABCDEFGH";
const topics = ["ORDER_CONFIRMATION", "ORDER_CANCELLATION_ACTIVITY", "MARKETPLACE_ACCOUNT_DELETION"];
const destination = (status: string, token = verificationToken) => ({
  destinationId: "d-1",
  status,
  deliveryConfig: { endpoint, verificationToken: token },
});
const subscription = (topicId: string, status = "ENABLED", destinationId = "d-1") => ({
  subscriptionId: `s-${topicId}`,
  topicId,
  status,
  destinationId,
});

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());

const ensure = async ({ connector, context }: Bench): Promise<readonly CheckFinding[]> => {
  if (connector.subscriptions === undefined) throw new Error("expected the ability");
  return connector.subscriptions.ensure(context);
};
const failed = (findings: readonly CheckFinding[]): readonly string[] =>
  findings.filter(({ ok }) => !ok).map(({ check }) => check);
const withEmail = (): Bench =>
  createBench({ webhooks: { verificationToken: new Secret(verificationToken), endpoint, alertEmail: "a@b.example" } });

/** eBay's side: what is there, and every change that is asked for, as `METHOD path whose token`. */
const hasState = (state: {
  readonly email?: boolean;
  readonly destinations?: readonly object[];
  readonly subscriptions?: readonly { readonly topicId: string }[];
  readonly refuse?: (path: string, body: unknown) => [number, object] | undefined;
}): { readonly changes: { asked: string; body: unknown }[] } => {
  const changes: { asked: string; body: unknown }[] = [];
  const { email = true, destinations = [], subscriptions = [] } = state;
  nock(host)
    .persist()
    .get(`${base}/config`)
    .reply(email ? 200 : 404, email ? { alertEmail: "a@b.example" } : {});
  nock(host).persist().get(`${base}/destination`).query(true).reply(200, { destinations });
  nock(host)
    .persist()
    .get(`${base}/subscription`)
    .query(true)
    .reply((request: Request) => {
      const isApplication = request.headers.get("authorization")?.includes("client_credentials") === true;
      const own = subscriptions.filter(({ topicId }) => (topicId === topics[2]) === isApplication);
      return [200, { subscriptions: own }];
    });
  for (const method of ["PUT", "POST"]) {
    nock(host)
      .persist()
      .intercept(/notification/, method)
      .reply(async (request: Request) => {
        const path = new URL(request.url).pathname.slice(base.length);
        const whose = request.headers.get("authorization")?.includes("client_credentials") ? "application" : "seller";
        const body: unknown = await request.json();
        changes.push({ asked: `${method} ${path} ${whose}`, body });
        const refusal = state.refuse?.(path, body);
        if (refusal !== undefined) return [...refusal, { "Content-Type": "application/json" }];
        return [method === "POST" ? 201 : 204, "", { Location: `${host}${base}${path}/d-new` }];
      });
  }
  return { changes };
};

test("an account with nothing is set up in the order that eBay demands, each topic with its owner's token", async () => {
  const { changes } = hasState({ email: false });
  expect(failed(await ensure(withEmail()))).toEqual([]);
  expect(changes.map(({ asked }) => asked)).toEqual([
    "PUT /config application",
    "POST /destination application",
    "POST /subscription seller",
    "POST /subscription seller",
    "POST /subscription application",
  ]);
  expect(changes[1]?.body).toEqual({
    name: "Lockstep",
    status: "ENABLED",
    deliveryConfig: { endpoint, verificationToken },
  });
  expect(changes.slice(2).map(({ body }) => body)).toEqual(
    topics.map((topicId) => ({
      topicId,
      status: "ENABLED",
      destinationId: "d-new",
      payload: { format: "JSON", schemaVersion: "1.0", deliveryProtocol: "HTTPS" },
    })),
  );
});

test("an account in good order is left alone", async () => {
  const { changes } = hasState({
    destinations: [destination("ENABLED")],
    subscriptions: topics.map((topic) => subscription(topic)),
  });
  expect(failed(await ensure(createBench()))).toEqual([]);
  expect(changes).toEqual([]);
});

test.each([
  { why: "eBay marked it down", known: destination("MARKED_DOWN") },
  { why: "it was registered with another token", known: destination("ENABLED", "another_token_0123456789_ABCDEFGHIJ") },
])("a destination is registered again when $why", async ({ known }) => {
  const { changes } = hasState({ destinations: [known], subscriptions: topics.map((topic) => subscription(topic)) });
  expect(failed(await ensure(createBench()))).toEqual([]);
  expect(changes.map(({ asked }) => asked)).toEqual(["PUT /destination/d-1 application"]);
});

test("a subscription that is off, or goes elsewhere, is turned here and on", async () => {
  const { changes } = hasState({
    destinations: [destination("ENABLED")],
    subscriptions: [
      subscription("ORDER_CONFIRMATION", "DISABLED"),
      subscription("ORDER_CANCELLATION_ACTIVITY", "ENABLED", "d-other"),
      subscription("MARKETPLACE_ACCOUNT_DELETION"),
    ],
  });
  expect(failed(await ensure(createBench()))).toEqual([]);
  expect(changes.map(({ asked }) => asked)).toEqual([
    "PUT /subscription/s-ORDER_CONFIRMATION seller",
    "PUT /subscription/s-ORDER_CANCELLATION_ACTIVITY seller",
  ]);
});

test("a topic that the application has not been granted fails alone, with a way to go on", async () => {
  hasState({
    destinations: [destination("ENABLED")],
    refuse: (_path, body) =>
      JSON.stringify(body).includes("CANCELLATION")
        ? [409, { errors: [errorRow(195011, "Not authorized")] }]
        : undefined,
  });
  const findings = await ensure(createBench());
  expect(failed(findings)).toEqual(["subscription ORDER_CANCELLATION_ACTIVITY"]);
  expect(findings.find(({ ok }) => !ok)?.fix).toContain("scopes");
});

test("an endpoint that fails the challenge stops there, and says what to do", async () => {
  hasState({ refuse: () => [409, { errors: [errorRow(195020, "Challenge verification failed")] }] });
  const findings = await ensure(createBench());
  expect(failed(findings)).toEqual(["destination"]);
  expect(findings).toHaveLength(2);
  expect(findings[1]).toMatchObject({
    detail: expect.stringContaining("195020"),
    fix: expect.stringContaining("https"),
  });
});

test("without an alert address anywhere nothing is tried", async () => {
  const { changes } = hasState({ email: false });
  expect(failed(await ensure(createBench()))).toEqual(["alert address"]);
  expect(changes).toEqual([]);
});
