import type { Channel } from "../../src/connectors/connector.ts";
import type { Random } from "../../src/core/random.ts";
import type { ControlClient } from "../../src/demo/control-client.ts";
import { type Books, drawChannel, noteByHand, noteCancel, noteCommand } from "./books.ts";
import { sleep } from "./sleep.ts";
import type { StockClient } from "./stock-client.ts";

export type LoadDeps = {
  readonly controls: Readonly<Record<Channel, ControlClient>>;
  readonly stock: StockClient;
  readonly books: Books;
  readonly random: Random;
  readonly nowMs: () => number;
  /** What is sold; each SKU on every channel. */
  readonly skus: readonly string[];
  readonly salesPerSecond: number;
  readonly commandsPerSecond: number;
  readonly onError: (error: Error) => void;
  /** The run is given up: nothing is waited for. */
  readonly signal: AbortSignal;
};

export type Load = {
  /** Nothing more is sold; resolves when every stock command has its answer. */
  stop(): Promise<void>;
};

type Order = { readonly channel: Channel; readonly orderId: string; readonly lines: readonly Line[] };
type Line = { readonly lineId: string; readonly sku: string; readonly orderedUnits: number };

/** Buyers on every channel, and a shop's programs that change stock, at a steady pace until stopped. */
export const startLoad = (deps: LoadDeps): Load => {
  const { controls, books, random, skus, nowMs } = deps;
  const over = new AbortController();
  const stopped = AbortSignal.any([over.signal, deps.signal]);
  const open: Order[] = [];
  const answers = new Set<Promise<unknown>>();
  let serial = 0;

  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  // The first ones sell most.
  const pickSku = (): string => skus[Math.floor(random() ** 1.6 * skus.length)] as string;

  const sell = async (): Promise<void> => {
    const channel = drawChannel(random());
    const wanted = new Map([[pickSku(), 1 + Math.floor(random() * 3)]]);
    if (random() < 0.3) wanted.set(pickSku(), 1);
    const lines = [...wanted].map(([sku, units]) => ({ sku, units }));
    const sold = await controls[channel].sell(`chaos-${(serial += 1)}`, lines);
    if (sold.orderId !== null) open.push({ channel, orderId: sold.orderId, lines: sold.lines });
    if (open.length > 10 && random() < 0.4)
      await follow(open.splice(Math.floor(random() * open.length), 1)[0] as Order);
  };

  /** An order leaves the building, or one of its lines is cancelled. */
  const follow = async ({ channel, orderId, lines }: Order): Promise<void> => {
    if (random() < 0.6) {
      await controls[channel].ship(orderId);
      return;
    }
    const { lineId, orderedUnits } = pick(lines);
    const atMs = nowMs();
    const after = await controls[channel].cancel(orderId, [{ lineId, units: orderedUnits }]);
    // A channel may take back more than was asked for: eBay cancels whole orders.
    for (const { sku, cancelledUnits: units } of after.lines) {
      if (units > 0) noteCancel(books, { channel, sku, units, atMs });
    }
  };

  const command = async (): Promise<void> => {
    const [sku, units, key] = [pickSku(), 1 + Math.floor(random() * 4), `chaos-command-${(serial += 1)}`];
    const draw = random();
    if (draw < 0.55) {
      noteCommand(books, "receive");
      const atMs = nowMs();
      if (await deps.stock.line("receive", { sku, units }, key)) noteByHand(books, { sku, units, atMs });
    } else if (draw < 0.75) {
      noteCommand(books, "adjust");
      if (await deps.stock.line("adjust", { sku, units: -units }, key))
        noteByHand(books, { sku, units: -units, atMs: nowMs() });
    } else {
      noteCommand(books, "reserve");
      await checkout(sku, units, key);
    }
  };

  /** Units are promised to a checkout, which is paid or given up a moment later. */
  const checkout = async (sku: string, units: number, key: string): Promise<void> => {
    const lines = [{ sku, location: "main", units }];
    const { status } = await deps.stock.send("/v1/inventory/reserve", { id: key, lines, ttlMs: null }, key);
    if (status !== 201) return;
    noteByHand(books, { sku, units: -units, atMs: nowMs() });
    const isPaid = random() < 0.5;
    await sleep(500);
    const atMs = nowMs();
    const end = isPaid ? "commit" : "release";
    const ended = await deps.stock.send(`/v1/reservations/${key}/${end}`, {}, `${key}-${end}`);
    if (ended.status !== 200) throw new Error(`${end} of ${key} got ${ended.status}: ${JSON.stringify(ended.body)}`);
    if (!isPaid) noteByHand(books, { sku, units, atMs });
  };

  /** Callers do not wait for one another: while the web is away, requests pile up. */
  const background = (work: Promise<void>): void => {
    const complain = (error: Error): void => (deps.signal.aborted ? undefined : deps.onError(error));
    const settled = work.catch(complain).finally(() => answers.delete(settled));
    answers.add(settled);
  };

  const pace = async (perSecond: number, work: () => Promise<void> | void): Promise<void> => {
    const startedMs = nowMs();
    for (let done = 0; !stopped.aborted; done += 1) {
      const waitMs = startedMs + (done / perSecond) * 1_000 - nowMs();
      if (waitMs > 0) await sleep(waitMs, stopped).catch(() => undefined);
      if (!stopped.aborted) await work();
    }
  };

  const selling = pace(deps.salesPerSecond, () => sell().catch(deps.onError));
  const commanding = pace(deps.commandsPerSecond, () => background(command()));
  return {
    stop: async () => {
      over.abort(new Error("over"));
      await Promise.all([selling, commanding]);
      while (answers.size > 0) await Promise.all(answers);
    },
  };
};
