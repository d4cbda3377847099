import { toIso } from "../../core/clock.ts";
import type { AmazonAccount } from "./account.ts";
import { type Answer, invalidInput, notFound, ok } from "./answers.ts";
import { personalDatasets } from "./contracts.ts";
import type { Call, Handler } from "./gate.ts";
import type { Identifiers } from "./identifiers.ts";
import { renderOrder } from "./order-views.ts";
import { type Order, orderStatus } from "./orders.ts";
import { filtersOf, type Page, readPage, writePage } from "./page-token.ts";
import type { World } from "./world.ts";

export type OrdersDeps = {
  readonly world: World;
  readonly account: AmazonAccount;
  readonly identifiers: Identifiers;
  readonly nowMs: () => number;
  readonly speedUp: number;
  /** Orders sold and not yet shown; the list's upper bound stays behind the oldest of them. */
  readonly hidden: HiddenOrders;
  /** An account whose newer list leaves out states, or refuses to be asked for them (channel document §13, trap 14). */
  readonly statesWithheld: "no" | "left-out" | "refused";
  /** True now and then: a page begins with the last order of the page before it (channel document §13, trap 11). */
  readonly pagesOverlap: () => boolean;
};

/** No upper bound of a query may be nearer to now than this (channel document §8). */
const settlingMs = 120_000;
const tokenLifeMs = 24 * 3_600_000;
const pageSizeMax = 100;

/** The orders that buyers placed and the order list does not show yet. */
export class HiddenOrders {
  #orders: Order[] = [];

  add(order: Order): void {
    this.#orders.push(order);
  }

  /** Creation time of the oldest order still hidden. */
  oldestMs(nowMs: number): number | undefined {
    this.#orders = this.#orders.filter((order) => order.visibleAtMs > nowMs);
    return this.#orders.reduce<number | undefined>(
      (oldest, { createdMs }) => Math.min(oldest ?? createdMs, createdMs),
      undefined,
    );
  }
}

/** Orders 2026-01-01. */
export const ordersHandlers = (deps: OrdersDeps): Readonly<Record<string, Handler>> => ({
  searchOrders: { audience: "seller", handle: (call) => searchOrders(deps, call) },
  getOrder: { audience: "seller", handle: (call) => getOrder(deps, call) },
});

const searchOrders = (deps: OrdersDeps, call: Call): Answer => {
  const { query } = call;
  const [by, other] = query.has("lastUpdatedAfter")
    ? (["lastUpdated", "created"] as const)
    : (["created", "lastUpdated"] as const);
  const after = query.get(`${by}After`);
  if (after === null || query.has(`${other}After`) || query.has(`${other}Before`)) {
    return invalidInput(
      "Exactly one of createdAfter and lastUpdatedAfter is required, with the Before of its own kind only",
    );
  }
  if (deps.statesWithheld === "refused" && list(query, "includedData").includes("FULFILLMENT")) return invalidInput("");
  const size = Number(query.get("maxResultsPerPage") ?? pageSizeMax);
  if (size < 1 || size > pageSizeMax) return invalidInput("maxResultsPerPage must be between 1 and 100");
  const bound = upperBound(deps, query.get(`${by}Before`), Date.parse(after));
  if (typeof bound !== "number") return bound;
  const filters = filtersOf(query, ["paginationToken", "maxResultsPerPage", "includedData"]);
  const token = query.get("paginationToken");
  const lifeMs = tokenLifeMs / deps.speedUp;
  const page = token === null ? undefined : readPage(token, { filters, nowMs: deps.nowMs(), lifeMs });
  if (token !== null && page === undefined) return invalidInput("Invalid paginationToken");
  const datasets = datasetsOf(deps, call);
  const beforeMs = page?.beforeMs ?? bound;
  const wanted = filterOf(deps, query);
  const found = collect(deps, { by, afterMs: Date.parse(after), beforeMs, size, page, wanted });
  return ok({
    orders: found.orders.map((order) => renderOrder(order, datasets, viewer(deps))),
    ...(found.nextAt === undefined
      ? {}
      : {
          pagination: {
            nextToken: writePage({ filters, at: found.nextAt, beforeMs, issuedAtMs: page?.issuedAtMs ?? deps.nowMs() }),
          },
        }),
    [`${by}Before`]: toIso(beforeMs),
  });
};

/**
 * Up to when the answer is complete. It trails by two minutes, and by more while an older order is still hidden: whoever
 * reads on from here sees that order later, because its update time is not before this.
 */
export const upperBound = (deps: OrdersDeps, given: string | null, afterMs: number): number | Answer => {
  const nowMs = deps.nowMs();
  const latestMs = nowMs - Math.round(settlingMs / deps.speedUp);
  if (given !== null) {
    const givenMs = Date.parse(given);
    if (givenMs > latestMs)
      return invalidInput("The Before time must be at least two minutes before the time of the request");
    if (givenMs < afterMs) return invalidInput("The Before time must not be before the After time");
  }
  const hiddenMs = deps.hidden.oldestMs(nowMs);
  const completeMs = hiddenMs === undefined ? latestMs : Math.min(latestMs, hiddenMs - 1);
  return given === null ? completeMs : Math.min(completeMs, Date.parse(given));
};

type Window = {
  readonly by: "lastUpdated" | "created";
  readonly afterMs: number;
  readonly beforeMs: number;
  readonly size: number;
  readonly page: Page | undefined;
  readonly wanted: (order: Order) => boolean;
};

/** Oldest first, from the log of changes (or of creations): a page costs what it shows, not what the account holds. */
export const collect = (
  deps: OrdersDeps,
  window: Window,
): { readonly orders: readonly Order[]; readonly nextAt: number | undefined } => {
  const { world } = deps;
  const length = window.by === "created" ? world.created.length : world.updates.length;
  const at = (index: number): { readonly atMs: number; readonly order: Order | undefined } => {
    if (window.by === "created")
      return { atMs: world.created[index]?.createdMs ?? Infinity, order: world.created[index] };
    const change = world.updates[index];
    // Only an order's newest change counts: it moves to the end of the list with every one.
    return {
      atMs: change?.atMs ?? Infinity,
      order: change?.order.updatedMs === change?.atMs ? change?.order : undefined,
    };
  };
  const { wanted } = window;
  const orders: Order[] = [];
  const seen = new Set<string>();
  let index = window.page?.at ?? firstAtOrAfter(length, (position) => at(position).atMs, window.afterMs);
  let lastTaken = index;
  for (; index < length; index += 1) {
    const { atMs, order } = at(index);
    if (atMs > window.beforeMs) break;
    if (order === undefined || seen.has(order.orderId) || !wanted(order)) continue;
    if (orders.length === window.size)
      return { orders, nextAt: window.size > 1 && deps.pagesOverlap() ? lastTaken : index };
    orders.push(order);
    seen.add(order.orderId);
    lastTaken = index;
  }
  return { orders, nextAt: undefined };
};

const firstAtOrAfter = (length: number, timeAt: (index: number) => number, afterMs: number): number => {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timeAt(middle) < afterMs) low = middle + 1;
    else high = middle;
  }
  return low;
};

const filterOf = (deps: OrdersDeps, query: URLSearchParams): ((order: Order) => boolean) => {
  const nowMs = deps.nowMs();
  const statuses = new Set(list(query, "fulfillmentStatuses"));
  const fulfillers = new Set(list(query, "fulfilledBy"));
  const marketplaces = list(query, "marketplaceIds");
  const elsewhere = marketplaces.length > 0 && !marketplaces.includes(deps.account.marketplaceId);
  return (order) =>
    !elsewhere &&
    order.visibleAtMs <= nowMs &&
    (statuses.size === 0 || statuses.has(orderStatus(order))) &&
    (fulfillers.size === 0 || fulfillers.has(order.fulfilledBy === "channel" ? "AMAZON" : "MERCHANT"));
};

const getOrder = (deps: OrdersDeps, call: Call): Answer => {
  const order = deps.world.orders.get(call.path["orderId"] ?? "");
  if (order === undefined || order.visibleAtMs > deps.nowMs()) return notFound("The requested order does not exist.");
  return ok({ order: renderOrder(order, datasetsOf(deps, call), viewer(deps)) });
};

export const list = (query: URLSearchParams, name: string): readonly string[] =>
  query.getAll(name).flatMap((text) => text.split(",").filter((part) => part !== ""));

const datasetsOf = (deps: OrdersDeps, call: Call): ReadonlySet<string> => {
  const datasets = list(call.query, "includedData");
  const personal = datasets.filter((dataset) => personalDatasets.has(dataset));
  if (personal.length > 0) call.complain(`asks for personal data: includedData=${personal.join(",")}`);
  return new Set(deps.statesWithheld === "left-out" ? datasets.filter((name) => name !== "FULFILLMENT") : datasets);
};

const viewer = (deps: OrdersDeps) => ({
  account: deps.account,
  identifiers: deps.identifiers,
  titleOf: (sku: string): string => deps.world.listings.get(sku)?.title ?? sku,
});
