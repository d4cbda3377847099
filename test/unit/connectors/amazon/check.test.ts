import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AmazonSettings } from "../../../../src/connectors/settings.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { requestComplaints, responseComplaints } from "./contract.ts";
import {
  apiOrigin,
  authOrigin,
  bench,
  errorBody,
  givesTokens,
  quotaExceeded,
  restoreNetwork,
  sqsOrigin,
  uriOf,
  withoutNetwork,
} from "./harness.ts";

beforeEach(withoutNetwork);
afterEach(restoreNetwork);

const withQueue = (queueUrl: string): Partial<AmazonSettings> => ({
  notifications: { queueUrl, region: "eu-west-1", accessKeyId: "AKIDTEST", secretAccessKey: new Secret("aws-secret") },
});
const participations = (changes: Partial<Record<"isParticipating" | "hasSuspendedListings", boolean>> = {}) => ({
  payload: ["A1PA6795UKMFR9", "A13V1IB3VIYZZH"].map((id) => ({
    marketplace: {
      id,
      name: id,
      countryCode: "DE",
      defaultCurrencyCode: "EUR",
      defaultLanguageCode: "de_DE",
      domainName: "www.amazon.de",
    },
    participation: { isParticipating: true, hasSuspendedListings: false, ...changes },
    storeName: "Shop",
  })),
});
const noListings = { numberOfResults: 0, items: [] };

type World = {
  readonly listings?: readonly [number, object];
  readonly orders?: readonly [number, object];
  readonly marketplaces?: readonly [number, object];
  readonly date?: string;
};
const world = (changes: World = {}): { readonly complaints: string[] } => {
  const complaints: string[] = [];
  const date = changes.date ?? "Tue, 01 Sep 2026 10:00:02 GMT";
  const serve = (path: string, [status, body]: readonly [number, object]): void => {
    nock(apiOrigin)
      .get(path)
      .query(true)
      .reply((request: Request) => {
        complaints.push(...requestComplaints("GET", uriOf(request), undefined));
        return [status, JSON.stringify(body), { date, "content-type": "application/json" }];
      });
  };
  serve("/listings/2021-08-01/items/ASELLER1", changes.listings ?? [200, noListings]);
  serve("/sellers/v1/marketplaceParticipations", changes.marketplaces ?? [200, participations()]);
  serve("/orders/2026-01-01/orders", changes.orders ?? [200, { orders: [] }]);
  nock(sqsOrigin)
    .post("/")
    .reply(200, JSON.stringify({ Attributes: { ApproximateNumberOfMessages: "4" } }), {
      "content-type": "application/x-amz-json-1.0",
    });
  return { complaints };
};
const check = async (settings: Partial<AmazonSettings> = withQueue(`${sqsOrigin}/1/lockstep`)) => {
  const { connector, context } = bench(settings);
  const findings = await connector.check(context);
  return new Map(findings.map((finding) => [finding.check, finding]));
};

test("an account in order has credentials, both roles, a good clock and its queue", async () => {
  givesTokens();
  const { complaints } = world();
  const findings = await check();
  expect([...findings.keys()]).toEqual([
    "credentials",
    "listings role",
    "marketplaces",
    "orders role",
    "clock",
    "queue",
  ]);
  expect([...findings.values()].filter(({ ok }) => !ok)).toEqual([]);
  expect(findings.get("queue")?.detail).toBe("4 messages waiting");
  expect(complaints).toEqual([]);
});

test.each([
  ["another region's marketplace", { isParticipating: false }, "does not sell in A1PA6795UKMFR9"],
  ["suspended listings", { hasSuspendedListings: true }, "suspended in A1PA6795UKMFR9"],
])("%s are found, with a way to mend it", async (_, changes, told) => {
  givesTokens();
  expect(responseComplaints("getMarketplaceParticipations", 200, participations(changes))).toEqual([]);
  world({ marketplaces: [200, participations(changes)] });
  expect((await check()).get("marketplaces")).toMatchObject({
    ok: false,
    detail: expect.stringContaining(told),
    fix: expect.any(String),
  });
});

test("an application without the role for it is not told its marketplaces, and nothing is wrong with that", async () => {
  givesTokens();
  world({ marketplaces: [403, errorBody("Unauthorized", "Access to requested resource is denied.", "")] });
  expect((await check()).get("marketplaces")).toMatchObject({ ok: true, detail: expect.stringContaining("not told") });
});

test("without credentials nothing else is asked", async () => {
  nock(authOrigin).post("/auth/o2/token").reply(401, { error: "invalid_client" });
  const findings = await check();
  expect([...findings.values()]).toEqual([
    expect.objectContaining({
      check: "credentials",
      ok: false,
      detail: "Login with Amazon answered 401 invalid_client",
      fix: expect.any(String),
    }),
  ]);
});

test("a missing role and a wrong clock each say what to do", async () => {
  givesTokens();
  world({
    orders: [403, errorBody("Unauthorized", "Access to requested resource is denied.", "")],
    date: "Tue, 01 Sep 2026 10:05:00 GMT",
  });
  const findings = await check();
  expect([...findings.values()].filter(({ ok }) => !ok).map((finding) => finding.check)).toEqual([
    "orders role",
    "clock",
  ]);
  expect(findings.get("orders role")?.fix).toContain("Inventory and Order Tracking");
  expect(findings.get("clock")?.detail).toBe("300 s apart from Amazon's");
});

test("a throttle is no fault of the account", async () => {
  givesTokens();
  world({ orders: [429, quotaExceeded] });
  expect((await check()).get("orders role")).toMatchObject({ ok: true, detail: expect.stringContaining("not asked") });
});

test("a FIFO queue is found out, because Amazon delivers nothing into it", async () => {
  givesTokens();
  world();
  expect((await check(withQueue(`${sqsOrigin}/1/lockstep.fifo`))).get("queue")).toMatchObject({
    ok: false,
    detail: "a FIFO queue",
  });
});

test("an account without a queue is checked for polling only", async () => {
  givesTokens();
  world();
  expect([...(await check({})).keys()]).toEqual([
    "credentials",
    "listings role",
    "marketplaces",
    "orders role",
    "clock",
  ]);
});
