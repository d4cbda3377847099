import { z } from "zod";
import { type Clock, systemClock } from "../../../../src/core/clock.ts";
import { demoEbayCredentials } from "../../../../src/simulators/ebay/credentials.ts";
import {
  type EbaySimulator,
  type EbaySimulatorOptions,
  startEbaySimulator,
} from "../../../../src/simulators/ebay/start.ts";
import { loadContract } from "../../../../src/simulators/kit/contract.ts";
import { faultPlans } from "../../../../src/simulators/kit/faults.ts";

/** A clock the test owns; waiting still happens in real time. */
export type HandClock = Clock & { advance(ms: number): void };

export const startMs = Date.parse("2026-11-20T10:00:00.000Z");

export const handClock = (): HandClock => {
  let passedMs = 0;
  return {
    now: () => startMs + passedMs,
    monotonicMs: () => passedMs,
    sleep: (delayMs, signal) => systemClock.sleep(delayMs, signal),
    advance: (ms) => {
      passedMs += ms;
    },
  };
};

/** No faults and no delays at all: effects are there as soon as the call returns. */
export const instantly = { ...faultPlans.none, messageDelayMs: [0, 0], applyDelayMs: [0, 0] } as const;

const Row = z.looseObject({
  sku: z.string(),
  statusCode: z.number(),
  offerId: z.string().optional(),
  errors: z.array(z.looseObject({ errorId: z.number() })).optional(),
});
const Order = z.looseObject({
  orderId: z.string(),
  fulfillmentHrefs: z.array(z.string()),
  lineItems: z.array(z.looseObject({ lineItemFulfillmentStatus: z.string() })),
});
const Destination = z.looseObject({ destinationId: z.string() });

/** The few fields that tests go on working with; empty where an answer has none. */
const Fields = z.object({
  access_token: z.string().default(""),
  error: z.string().default(""),
  errors: z.array(z.looseObject({ errorId: z.number() })).default([]),
  next: z.string().optional(),
  key: z.string().default(""),
  orders: z.array(Order).default([]),
  responses: z.array(Row).default([]),
  offers: z.array(z.looseObject({ offerId: z.string() })).default([]),
  inventoryItems: z.array(z.looseObject({ sku: z.string() })).default([]),
  destinations: z.array(Destination).default([]),
});
export type Fields = z.infer<typeof Fields>;

export type EbayAnswer = {
  readonly status: number;
  readonly body: unknown;
  readonly read: Fields;
  /** The first error's id. */
  readonly errorId: number | undefined;
  readonly headers: Headers;
};
type CallOptions = {
  readonly query?: string;
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** What a seller's software does, in plain fetch; every answer is held against eBay's own contract. */
export type Seller = {
  readonly simulator: EbaySimulator;
  grant(fields: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<EbayAnswer>;
  userToken(): Promise<string>;
  appToken(): Promise<string>;
  call(method: string, path: string, options?: CallOptions): Promise<EbayAnswer>;
  control(path: string, body: unknown): Promise<EbayAnswer>;
};

const contracts = [
  "sell_inventory_v1",
  "sell_fulfillment_v1",
  "commerce_notification_v1",
  "developer_analytics_v1_beta",
].map((name) => loadContract(new URL(`../../../../contracts/ebay/openapi/${name}_oas3.json`, import.meta.url)));

const basicAuthorization = `Basic ${Buffer.from(
  `${demoEbayCredentials.clientId}:${demoEbayCredentials.clientSecret}`,
).toString("base64")}`;

export const startSeller = async (options: EbaySimulatorOptions = {}): Promise<Seller> => {
  const simulator = await startEbaySimulator({ faults: instantly, ...options });
  const grant: Seller["grant"] = async (fields, headers = {}) =>
    answerOf(
      await fetch(`${simulator.url}/identity/v1/oauth2/token`, {
        method: "POST",
        headers: { authorization: basicAuthorization, "content-type": "application/x-www-form-urlencoded", ...headers },
        body: new URLSearchParams(fields).toString(),
      }),
    );
  const cached = new Map<string, Promise<string>>();
  const once = (name: string, fields: Readonly<Record<string, string>>): Promise<string> => {
    const known = cached.get(name) ?? grant(fields).then(({ read }) => read.access_token);
    cached.set(name, known);
    return known;
  };
  const userToken = () =>
    once("user", { grant_type: "refresh_token", refresh_token: demoEbayCredentials.refreshToken });
  const appToken = () =>
    once("app", { grant_type: "client_credentials", scope: "https://api.ebay.com/oauth/api_scope" });

  const call: Seller["call"] = async (method, path, { query, body, token, headers } = {}) => {
    const response = await fetch(`${simulator.url}${path}${query === undefined ? "" : `?${query}`}`, {
      method,
      headers: {
        authorization: `Bearer ${token ?? (await userToken())}`,
        // Fetch would fill in `*`, which Sell Inventory refuses.
        "accept-language": "en-US",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await answerOf(response);
    for (const contract of contracts) {
      const operationId = contract.match(method, path)?.operationId;
      const complaints =
        operationId === undefined ? [] : contract.validateResponse(operationId, answer.status, answer.body);
      if (complaints.length > 0)
        throw new Error(`the answer to ${method} ${path} breaks the contract: ${complaints.slice(0, 3).join("; ")}`);
    }
    return answer;
  };
  const control: Seller["control"] = async (path, body) =>
    answerOf(await fetch(`${simulator.url}/_control${path}`, { method: "POST", body: JSON.stringify(body) }));
  return { simulator, grant, userToken, appToken, call, control };
};

const answerOf = async (response: Response): Promise<EbayAnswer> => {
  const text = await response.text();
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  const read = Fields.parse(body ?? {});
  return { status: response.status, body, read, errorId: read.errors[0]?.errorId, headers: response.headers };
};

export const listing = (sku: string, units: number) => ({ sku, title: `Thing ${sku}`, units });

/** The offer ids of a SKU, as its seller looks them up. */
export const offerIdsOf = async (seller: Seller, sku: string): Promise<readonly string[]> => {
  const { read } = await seller.call("GET", "/sell/inventory/v1/offer", { query: `sku=${encodeURIComponent(sku)}` });
  return read.offers.map(({ offerId }) => offerId);
};

/** Sets the item's and every offer's quantity, as channel software should. */
export const setUnits = async (seller: Seller, sku: string, units: number): Promise<EbayAnswer> => {
  const offers = (await offerIdsOf(seller, sku)).map((offerId) => ({ offerId, availableQuantity: units }));
  const body = { requests: [{ sku, shipToLocationAvailability: { quantity: units }, offers }] };
  return seller.call("POST", "/sell/inventory/v1/bulk_update_price_quantity", { body });
};
