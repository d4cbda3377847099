import { z } from "zod";
import type { Channel } from "../connectors/connector.ts";
import { type Db } from "../db/pool.ts";
import { query, sql } from "../db/sql.ts";
import { demoAccounts } from "./accounts.ts";
import type { ControlClient, Truth } from "./control-client.ts";
import type { ChannelBooks, LedgerLine, StockEvent } from "./verdict.ts";

const LedgerRow = z.object({
  orderRef: z.string(),
  lineRef: z.string(),
  sku: z.string(),
  holdUnits: z.number(),
  leftUnits: z.number(),
  backUnits: z.number(),
});

const ledgerLines = (db: Db, accountId: string): Promise<readonly LedgerLine[]> =>
  query(
    db,
    LedgerRow,
    sql`
      select order_ref as "orderRef", line_ref as "lineRef", sku, hold_units as "holdUnits", left_units as "leftUnits",
             back_units as "backUnits"
        from order_line where account_id = ${accountId}`,
  );

/** A channel's own books beside ours. */
export const readBooks = async (db: Db, channel: Channel, truth: Truth): Promise<ChannelBooks> => ({
  channel,
  witness: truth.orders.flatMap((order) => order.lines.map((line) => ({ ...line, orderId: order.orderId }))),
  ledger: await ledgerLines(db, demoAccounts[channel]),
  shown: new Map(truth.listings.map((listing) => [listing.sku, listing.units])),
});

/** Sales and applied writes of a channel, with the times of its own clock. */
export const stockEvents = async (
  channel: Channel,
  control: ControlClient,
  truth: Truth,
): Promise<readonly StockEvent[]> => [
  ...truth.orders.flatMap((order) =>
    order.lines.map(
      (line): StockEvent => ({
        kind: "sale",
        atMs: order.atMs,
        toldAtMs: order.listedAtMs ?? Number.POSITIVE_INFINITY,
        channel,
        sku: line.sku,
        units: line.orderedUnits,
      }),
    ),
  ),
  ...(await control.writes()).map(
    ({ atMs, sku, unitsBefore, unitsAfter, acceptedMs, unitsWhenAccepted }): StockEvent => ({
      kind: "write",
      atMs,
      channel,
      sku,
      unitsBefore,
      unitsAfter,
      acceptedMs,
      unitsWhenAccepted,
    }),
  ),
];
