import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import transports from "../../../../contracts/amazon/samples/notification-type-definition.json" with { type: "json" };
import { notificationTypes } from "../../../../src/connectors/amazon/notification-types.ts";
import type { AmazonSettings } from "../../../../src/connectors/settings.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { requestComplaints, responseComplaints } from "./contract.ts";
import {
  apiOrigin,
  authOrigin,
  bench,
  errorBody,
  restoreNetwork,
  sqsOrigin,
  uriOf,
  withoutNetwork,
} from "./harness.ts";

beforeEach(withoutNetwork);
afterEach(restoreNetwork);

const arn = "arn:aws:sqs:eu-west-1:123456789012:lockstep";
const destination = (destinationId: string, resource: object) => ({ destinationId, name: destinationId, resource });
const ours = destination("d-1", { sqs: { arn } });
const bridge = destination("d-2", { eventBridge: { name: "source", accountId: "123456789012", region: "eu-west-1" } });

type World = {
  readonly queueArn?: string;
  readonly destinations?: readonly object[];
  /** Destination of each subscription that is there already. */
  readonly subscribed?: Readonly<Record<string, string>>;
  readonly conflicts?: boolean;
};
type Asked = { readonly method: string; readonly path: string; readonly body: unknown; readonly token: string | null };

/** Login with Amazon names its audience in the token; the interface, the queue. */
const world = ({ queueArn = arn, destinations = [], subscribed = {}, conflicts = false }: World): readonly Asked[] => {
  const asked: Asked[] = [];
  nock(authOrigin)
    .post("/auth/o2/token")
    .times(9)
    .reply(async (request: Request) => {
      const grant = new URLSearchParams(await request.text());
      const isGrantless = grant.get("scope") === "sellingpartnerapi::notifications";
      return [200, { access_token: isGrantless ? "Atza|app" : "Atza|seller", token_type: "bearer", expires_in: 3600 }];
    });
  nock(sqsOrigin)
    .post("/")
    .times(9)
    .reply(200, JSON.stringify({ Attributes: { QueueArn: queueArn } }), {
      "content-type": "application/x-amz-json-1.0",
    });
  nock(apiOrigin)
    .persist()
    .intercept(/.*/, "GET")
    .reply((request: Request) => {
      const path = uriOf(request);
      asked.push({ method: "GET", path, body: undefined, token: request.headers.get("x-amz-access-token") });
      expect(requestComplaints("GET", path, undefined)).toEqual([]);
      if (path.endsWith("/destinations"))
        return [200, { payload: conflicts && asked.some(({ method }) => method === "POST") ? [ours] : destinations }];
      const to = subscribed[path.split("?")[0]?.split("/").at(-1) ?? ""];
      if (to === undefined) return [404, errorBody("NOT_FOUND", "Subscription does not exist.")];
      return [200, { payload: { subscriptionId: "s-1", payloadVersion: "1.0", destinationId: to } }];
    });
  nock(apiOrigin)
    .persist()
    .intercept(/.*/, "POST")
    .reply(async (request: Request) => {
      const path = uriOf(request);
      const body: unknown = await request.json();
      asked.push({ method: "POST", path, body, token: request.headers.get("x-amz-access-token") });
      expect(requestComplaints("POST", path, body)).toEqual([]);
      if (conflicts) return [409, errorBody("Conflict", "exists already")];
      return path.endsWith("/destinations")
        ? [200, { payload: ours }]
        : [200, { payload: { subscriptionId: "s-2", payloadVersion: "1.0", destinationId: "d-1" } }];
    });
  return asked;
};
const subscriptionsOf = () => {
  const settings: Partial<AmazonSettings> = {
    notifications: {
      queueUrl: `${sqsOrigin}/1/lockstep`,
      region: "eu-west-1",
      accessKeyId: "AKIDTEST",
      secretAccessKey: new Secret("s"),
    },
  };
  const { connector, context } = bench(settings);
  if (connector.subscriptions === undefined) throw new Error("subscriptions expected");
  const { audit, ensure: ensureAll } = connector.subscriptions;
  return { audit: () => audit(context), ensure: () => ensureAll(context) };
};
const ensure = () => subscriptionsOf().ensure();
const made = (asked: readonly Asked[]) =>
  asked.filter(({ method }) => method === "POST").map(({ path, body, token }) => ({ path, body, token }));

test("a new account gets its destination with the app's own token and its subscription with the seller's", async () => {
  expect(responseComplaints("getDestinations", 200, { payload: [ours, bridge] })).toEqual([]);
  const asked = world({});
  const findings = await ensure();
  expect(made(asked)).toEqual([
    {
      path: "/notifications/v1/destinations",
      body: { name: "lockstep-amazon-eu", resourceSpecification: { sqs: { arn } } },
      token: "Atza|app",
    },
    {
      path: "/notifications/v1/subscriptions/ORDER_CHANGE",
      body: { payloadVersion: "1.0", destinationId: "d-1" },
      token: "Atza|seller",
    },
  ]);
  expect(findings.every(({ ok }) => ok)).toBe(true);
  expect(findings.find(({ check }) => check.endsWith("MFN_QUANTITY_CHANGE"))?.fix).toContain("EventBridge");
});

test("what is there is left as it is", async () => {
  const asked = world({ destinations: [ours], subscribed: { ORDER_CHANGE: "d-1" } });
  expect((await ensure()).slice(0, 2)).toMatchObject([{ detail: "there" }, { ok: true, detail: "subscribed" }]);
  expect(made(asked)).toEqual([]);
});

test("the audit makes nothing and names what is missing", async () => {
  const asked = world({});
  const findings = await subscriptionsOf().audit();
  expect(findings.filter(({ ok }) => !ok).map(({ check }) => check)).toEqual([
    "destination",
    "subscription ORDER_CHANGE",
  ]);
  expect(made(asked)).toEqual([]);
});

test("another programme's subscription is reported, not taken over", async () => {
  const asked = world({ destinations: [ours], subscribed: { ORDER_CHANGE: "d-9" } });
  const findings = await ensure();
  expect(findings).toContainEqual(expect.objectContaining({ check: "subscription ORDER_CHANGE", ok: false }));
  expect(made(asked)).toEqual([]);
});

test("where somebody was faster, what they made is used", async () => {
  world({ conflicts: true });
  expect((await ensure()).filter(({ ok }) => !ok)).toEqual([]);
});

test("amazon trap 23: a FIFO queue is refused before anything is made", async () => {
  const asked = world({ queueArn: `${arn}.fifo` });
  expect(await ensure()).toMatchObject([{ check: "queue", ok: false, fix: expect.stringContaining("standard queue") }]);
  expect(asked).toEqual([]);
});

test("amazon trap 23: types of EventBridge are subscribed through an EventBridge destination only, each with its version", async () => {
  const asked = world({ destinations: [ours, bridge] });
  await ensure();
  const bridged = made(asked).filter(({ body }) => (body as { destinationId?: string }).destinationId === "d-2");
  expect(
    bridged.map(({ path, body }) => [path.split("/").at(-1), (body as { payloadVersion: string }).payloadVersion]),
  ).toEqual([
    ["LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "1.0"],
    ["LISTINGS_ITEM_STATUS_CHANGE", "1.0"],
    ["LISTINGS_ITEM_ISSUES_CHANGE", "2023-12-13"],
  ]);
});

test("each type travels as Amazon's own list says", () => {
  for (const [name, { transport }] of Object.entries(notificationTypes)) {
    expect(transport === "sqs" ? transports.Sqs : transports.EventBridge).toContain(name);
  }
});
