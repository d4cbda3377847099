import { toIso } from "../../../src/core/clock.ts";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import type { BuyerEvent } from "../../../src/demo/orders.ts";
import type { OrderTarget, SetOrderTarget } from "../../../src/ledger/commands.ts";
import { orderTargetKey } from "../../../src/ledger/post.ts";

export type OrderEvents = {
  readonly commands: readonly SetOrderTarget[];
  /** Each SKU's units sold. */
  readonly soldUnits: ReadonlyMap<string, number>;
  /** What each SKU's level must come to, counted from nothing on the shelf: [on hand, reserved]. */
  readonly ends: ReadonlyMap<string, readonly [number, number]>;
  readonly invoices: number;
  readonly creditNotes: number;
};

type Line = {
  readonly command: Omit<SetOrderTarget, "key" | "target" | "sourceUpdatedAt" | "sourceObservedAt">;
  units: number;
};
type Happening = { readonly atMs: number; readonly what: "ship" | "credit"; readonly units: number };

const accounts = ["amazon-uk", "ebay-uk", "shop"];
const shipDelayMs = 26 * 3_600_000;

/** What a channel would state of a line after each thing that happened to it. */
const targetsOf = (units: number, soldMs: number, happenings: readonly Happening[]) => {
  let now: OrderTarget = { holdUnits: units, leftUnits: 0, backUnits: 0 };
  const views = [{ target: now, atMs: soldMs }];
  for (const { atMs, what, units: named } of happenings.toSorted((a, b) => a.atMs - b.atMs)) {
    if (what === "ship") now = { ...now, holdUnits: 0, leftUnits: now.leftUnits + now.holdUnits };
    else if (now.holdUnits > 0) now = { ...now, holdUnits: Math.max(0, now.holdUnits - named) };
    else now = { ...now, backUnits: Math.min(now.leftUnits, now.backUnits + named) };
    views.push({ target: now, atMs });
  }
  return views;
};

/**
 * Real invoices as what channels report of their orders: every line first sold, then shipped in half of them, and taken back,
 * before or after that, where a credit note says so. Times are the retailer's, to the minute: ties are real. Pure.
 */
export const orderEvents = (events: readonly BuyerEvent[], invoicesMax: number): OrderEvents => {
  const lines = new Map<string, { line: Line; soldMs: number; happenings: Happening[] }>();
  const latest = new Map<string, string[]>();
  const soldUnits = new Map<string, number>();
  let invoices = 0;
  let creditNotes = 0;
  for (const event of events) {
    const atMs = Date.parse(`${event.at}Z`);
    if (event.kind === "sale") {
      if (invoices === invoicesMax) break;
      const accountId = accounts[invoices % accounts.length] as string;
      const isShipped = invoices % 2 === 0;
      invoices += 1;
      for (const [index, { sku, units }] of event.lines.entries()) {
        const name = `${event.invoice} ${sku}`;
        const line: Line = {
          units,
          command: {
            kind: "order-target",
            actor: `order:${accountId}`,
            occurredAt: toIso(atMs),
            accountId,
            orderRef: event.invoice,
            lineRef: `${index + 1}`,
            sku: Sku.parse(sku),
            locationId: LocationId.parse("main"),
          },
        };
        const happenings: Happening[] = isShipped ? [{ atMs: atMs + shipDelayMs, what: "ship", units }] : [];
        lines.set(name, { line, soldMs: atMs, happenings });
        latest.set(sku, [...(latest.get(sku) ?? []).slice(-20), name]);
        soldUnits.set(sku, (soldUnits.get(sku) ?? 0) + units);
      }
    } else {
      for (const { sku, units } of event.lines) {
        const name = latest.get(sku)?.findLast((one) => (lines.get(one)?.line.units ?? 0) >= units);
        if (name === undefined) continue;
        lines.get(name)?.happenings.push({ atMs, what: "credit", units });
        creditNotes += 1;
      }
    }
  }
  const ends = new Map<string, [number, number]>();
  const commands = [...lines.values()].flatMap(({ line, soldMs, happenings }) => {
    const views = targetsOf(line.units, soldMs, happenings);
    const end = views.at(-1)?.target as OrderTarget;
    const [onHand, reserved] = ends.get(line.command.sku) ?? [0, 0];
    ends.set(line.command.sku, [onHand + end.backUnits - end.leftUnits, reserved + end.holdUnits]);
    return views.map(({ target, atMs }): SetOrderTarget => {
      const view = { ...line.command, target, sourceUpdatedAt: toIso(atMs), sourceObservedAt: toIso(atMs) };
      return { ...view, key: orderTargetKey(view) };
    });
  });
  return { commands, soldUnits, ends, invoices, creditNotes };
};
