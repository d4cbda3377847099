import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";
import { type Heard, Shop, skuOf } from "./shop.ts";

/** Two thin shops in a process of their own: one sells and tells of it, the other is told. Talks to its parent. */
export type Asked =
  | { readonly kind: "open"; readonly skus: number; readonly units: number; readonly secret: string }
  | {
      readonly kind: "sell";
      readonly origin: string;
      readonly path: string;
      readonly perSecond: number;
      readonly seconds: number;
    }
  | { readonly kind: "books" };

export type SaleReport = {
  readonly sold: number;
  /** From the moment an order's webhook was due to be sent. */
  readonly wireMs: readonly number[];
  readonly ackMs: readonly number[];
  readonly refused: number;
  /** Orders whose number no push brought in time. */
  readonly missing: number;
  readonly startedMs: number;
  readonly calls: Readonly<Record<string, Readonly<Record<string, number>>>>;
};
export type Told =
  | { readonly kind: "opened"; readonly url: string }
  | { readonly kind: "sold"; readonly report: SaleReport }
  | {
      readonly kind: "books";
      readonly shown: Readonly<Record<string, readonly Heard[]>>;
      /** Counted apart from what the shops show: units that buyers have left, by SKU. */
      readonly left: readonly Heard[];
    };

export const domains = { seller: "seller.myshopify.com", other: "other.myshopify.com" } as const;
const arriveMsMax = 15_000;

type Waiting = { readonly dueMs: number; readonly units: number };
const waiting = new Map<string, Waiting[]>();
const wireMs: number[] = [];
let shops: { readonly seller: Shop; readonly other: Shop } | undefined;
let units = 0;
const soldOf = new Map<number, number>();
let nextItem = 0;
let skuCount = 0;

/** A push of the other shop arrived: whatever it makes true was on its way until now. */
const hear = (heard: readonly Heard[], atMs: number): void => {
  for (const { sku, units: told } of heard) {
    const orders = waiting.get(sku);
    if (orders === undefined) continue;
    const left = orders.filter((order) => order.units < told);
    for (const order of orders) if (order.units >= told) wireMs.push(atMs - order.dueMs);
    if (left.length === 0) waiting.delete(sku);
    else waiting.set(sku, left);
  }
};

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
};

const open = async (): Promise<string> => {
  const server = createServer((request, response) => {
    // The head of the request is here: it is on the wire.
    const atMs = performance.now();
    void textOf(request).then((text) => {
      const isOther = request.url?.startsWith("/other/") === true;
      const shop = isOther ? shops?.other : shops?.seller;
      try {
        const { answer, heard } = shop?.answer(text) ?? { answer: {}, heard: [] };
        if (isOther) hear(heard, atMs);
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
      } catch (error) {
        response.writeHead(500).end((error as Error).message);
      }
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** An open loop: orders come when they are due, whether or not the last one was answered. */
const sell = async ({ origin, path, perSecond, seconds }: Extract<Asked, { kind: "sell" }>): Promise<SaleReport> => {
  if (shops === undefined) throw new Error("not open yet");
  const { seller, other } = shops;
  const pool = new Pool(origin, { connections: 64, pipelining: 1 });
  wireMs.length = 0;
  waiting.clear();
  for (const shop of [seller, other]) shop.calls.clear();
  const ackMs: number[] = [];
  let refused = 0;
  const sent: Promise<void>[] = [];
  const count = Math.round(perSecond * seconds);
  const startedMs = Date.now();
  const startMs = performance.now() + 5;
  const send = async (dueMs: number): Promise<void> => {
    // One SKU after the other: none is sold again before all the others were.
    const item = nextItem++ % skuCount;
    const sold = (soldOf.get(item) ?? 0) + 1;
    soldOf.set(item, sold);
    const sku = skuOf(item);
    waiting.set(sku, [...(waiting.get(sku) ?? []), { dueMs, units: units - sold }]);
    const { headers, body } = seller.sell(item);
    const { statusCode, body: answer } = await pool.request({ method: "POST", path, headers, body });
    await answer.dump();
    if (statusCode === 200) ackMs.push(performance.now() - dueMs);
    else refused += 1;
  };
  for (let index = 0; index < count; ) {
    const dueMs = startMs + (index * 1_000) / perSecond;
    if (dueMs > performance.now()) await sleep(1);
    else {
      sent.push(send(dueMs));
      index += 1;
    }
  }
  await Promise.all(sent);
  for (const endMs = performance.now() + arriveMsMax; waiting.size > 0 && performance.now() < endMs; ) await sleep(20);
  await pool.close();
  const missing = [...waiting.values()].reduce((sum, orders) => sum + orders.length, 0);
  const calls = { seller: Object.fromEntries(seller.calls), other: Object.fromEntries(other.calls) };
  return { sold: count, wireMs: [...wireMs], ackMs, refused, missing, startedMs, calls };
};

const tell = (told: Told): void => {
  process.send?.(told);
};

const answer = async (asked: Asked): Promise<void> => {
  switch (asked.kind) {
    case "open":
      units = asked.units;
      skuCount = asked.skus;
      shops = {
        seller: new Shop(domains.seller, asked.secret, asked.skus, asked.units),
        other: new Shop(domains.other, asked.secret, asked.skus, asked.units),
      };
      tell({ kind: "opened", url: await open() });
      break;
    case "sell":
      tell({ kind: "sold", report: await sell(asked) });
      break;
    case "books":
      tell({
        kind: "books",
        shown: { seller: shops?.seller.shown() ?? [], other: shops?.other.shown() ?? [] },
        left: Array.from({ length: skuCount }, (_, item) => ({
          sku: skuOf(item),
          units: units - (soldOf.get(item) ?? 0),
        })),
      });
      break;
  }
};

process.on("message", (asked: Asked) => void answer(asked));
process.on("disconnect", () => process.exit(0));
