import { type Channel, channels } from "../../src/connectors/connector.ts";
import { stockEvents } from "../../src/demo/books.ts";
import type { ControlClient } from "../../src/demo/control-client.ts";
import { judgeOversells, type OversellVerdict, type StockEvent } from "../../src/demo/verdict.ts";

export type OversoldSku = OversellVerdict & {
  readonly sku: string;
  readonly stock: number;
  /** Everything that changed what could be bought of it, in time. */
  readonly events: readonly StockEvent[];
};

/** The SKUs of which our own writes oversold, each with its whole story: what the verdict's one number leaves out. Pure. */
export const oversoldSkus = (
  stock: ReadonlyMap<string, number>,
  events: readonly StockEvent[],
): readonly OversoldSku[] => {
  const bySku = Map.groupBy(events, ({ sku }) => sku);
  return [...stock].flatMap(([sku, units]) => {
    const own = bySku.get(sku) ?? [];
    const verdict = judgeOversells(new Map([[sku, units]]), own);
    if (verdict.oversoldByUs === 0) return [];
    return [{ sku, stock: units, ...verdict, events: own.toSorted((a, b) => a.atMs - b.atMs) }];
  });
};

/** Sales and writes by the channels' own books, and what came and went by hand. */
export const allEvents = async (
  controls: Readonly<Record<Channel, ControlClient>>,
  byHand: readonly StockEvent[],
): Promise<readonly StockEvent[]> => {
  const told = channels.map(async (channel) =>
    stockEvents(channel, controls[channel], await controls[channel].truth()),
  );
  return [...byHand, ...(await Promise.all(told)).flat()];
};
