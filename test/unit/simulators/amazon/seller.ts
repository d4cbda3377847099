import type { Clock } from "../../../../src/core/clock.ts";
import { systemClock } from "../../../../src/core/clock.ts";
import { demoAmazonAccount } from "../../../../src/simulators/amazon/account.ts";
import {
  type AmazonSimulator,
  type AmazonSimulatorOptions,
  startAmazonSimulator,
} from "../../../../src/simulators/amazon/start.ts";
import { loadContract } from "../../../../src/simulators/kit/contract.ts";
import { faultPlans } from "../../../../src/simulators/kit/faults.ts";

/** A clock the test owns; waiting still happens in real time. */
export type HandClock = Clock & { advance(ms: number): void };

export const handClock = (startMs = Date.parse("2026-09-01T10:00:00Z")): HandClock => {
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
export const instantly = {
  ...faultPlans.none,
  messageDelayMs: [0, 0],
  applyDelayMs: [0, 0],
} as const;

export type SpApiAnswer = { readonly status: number; readonly body: unknown; readonly headers: Headers };

/** What a seller's software does, in plain fetch; every answer is held against Amazon's own contract. */
export type Seller = {
  readonly simulator: AmazonSimulator;
  token(grant?: Readonly<Record<string, string>>): Promise<SpApiAnswer>;
  call(
    method: string,
    path: string,
    options?: { readonly query?: Readonly<Record<string, string>>; readonly body?: unknown; readonly token?: string },
  ): Promise<SpApiAnswer>;
};

const account = demoAmazonAccount;
const models = [
  "listingsItems_2021-08-01",
  "orders_2026-01-01",
  "ordersV0",
  "fbaInventory",
  "feeds_2021-06-30",
  "reports_2021-06-30",
  "notifications",
  "sellers",
] as const;
const contracts = models.map((model) =>
  loadContract(new URL(`../../../../contracts/amazon/models/${model}.json`, import.meta.url)),
);

export const startSeller = async (options: AmazonSimulatorOptions = {}): Promise<Seller> => {
  const simulator = await startAmazonSimulator({ faults: instantly, ...options });
  const token: Seller["token"] = async (grant) => {
    const fields = {
      grant_type: "refresh_token",
      refresh_token: account.refreshToken,
      client_id: account.clientId,
      client_secret: account.clientSecret,
      ...grant,
    };
    const response = await fetch(`${simulator.url}/auth/o2/token`, {
      method: "POST",
      body: new URLSearchParams(fields),
    });
    return { status: response.status, body: await response.json(), headers: response.headers };
  };
  let cached: string | undefined;
  return {
    simulator,
    token,
    call: async (method, path, given = {}) => {
      cached ??= field(await token(), "access_token");
      const response = await fetch(`${simulator.url}${path}?${new URLSearchParams(given.query).toString()}`, {
        method,
        headers: {
          "x-amz-access-token": given.token ?? cached,
          "user-agent": "Lockstep/0.1 (Language=TypeScript)",
          ...(given.body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(given.body === undefined ? {} : { body: JSON.stringify(given.body) }),
      });
      const body: unknown = await response.json();
      for (const contract of contracts) {
        const match = contract.match(method, path);
        if (match === undefined) continue;
        const complaints = contract.validateResponse(match.operationId, response.status, body);
        if (complaints.length > 0) throw new Error(`the answer breaks the contract: ${complaints.join("; ")}`);
      }
      return { status: response.status, body, headers: response.headers };
    },
  };
};

/** A text field of an answer's top level. */
export const field = (answer: SpApiAnswer, name: string): string => {
  const value = Object(answer.body)[name] as unknown;
  if (typeof value !== "string") throw new Error(`no text field ${name} in ${JSON.stringify(answer.body)}`);
  return value;
};

export const itemPath = (sku: string): string =>
  `/listings/2021-08-01/items/${account.sellerId}/${encodeURIComponent(sku)}`;

export const searchPath = `/listings/2021-08-01/items/${account.sellerId}`;
export const ordersPath = "/orders/2026-01-01/orders";
export const here = { marketplaceIds: account.marketplaceId };

export const setQuantity = (units: number, op: "merge" | "replace" = "merge") => ({
  productType: "PRODUCT",
  patches: [
    {
      op,
      path: "/attributes/fulfillment_availability",
      value: [{ fulfillment_channel_code: "DEFAULT", quantity: units }],
    },
  ],
});
