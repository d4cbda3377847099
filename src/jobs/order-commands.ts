import type { OrderSnapshot } from "../connectors/connector.ts";
import { LocationId, Sku } from "../core/ids.ts";
import type { SetOrderTarget } from "../ledger/commands.ts";
import { orderTargetKey } from "../ledger/post.ts";

/** What a name of an account's listing stands for: one row, or several for a kit. */
export type Meaning = { readonly sku: string; readonly units: number };

export type UnmappedOrderLine = {
  readonly names: readonly string[];
  readonly channelSku: string | null;
  readonly orderRef: string;
  readonly lineRef: string;
};

/**
 * An order as the channel tells it, turned into what each line should do to stock. The first name that means something
 * counts. Lines that mean nothing yet are returned apart; the others do not wait for them. Pure.
 */
export const orderCommands = (
  order: OrderSnapshot,
  account: { readonly accountId: string; readonly locationId: string },
  meaningOf: (name: string) => readonly Meaning[] | undefined,
): { readonly commands: readonly SetOrderTarget[]; readonly unmapped: readonly UnmappedOrderLine[] } => {
  const commands: SetOrderTarget[] = [];
  const unmapped: UnmappedOrderLine[] = [];
  if (order.fulfilledBy === "channel") return { commands, unmapped };
  for (const line of order.lines) {
    const meaning = line.listingRefs.map(meaningOf).find((found) => found !== undefined);
    if (meaning === undefined) {
      unmapped.push({
        names: line.listingRefs,
        channelSku: line.channelSku,
        orderRef: order.orderRef,
        lineRef: line.lineRef,
      });
      continue;
    }
    for (const { sku, units } of meaning) {
      const body = {
        accountId: account.accountId,
        orderRef: order.orderRef,
        lineRef: line.lineRef,
        sku: Sku.parse(sku),
        target: {
          holdUnits: line.holdUnits * units,
          leftUnits: line.leftUnits * units,
          backUnits: line.backUnits * units,
        },
        sourceUpdatedAt: order.updatedAt,
        sourceObservedAt: order.observedAt,
      };
      commands.push({
        ...body,
        kind: "order-target",
        key: orderTargetKey(body),
        locationId: LocationId.parse(account.locationId),
        actor: `order:${account.accountId}`,
        occurredAt: order.updatedAt,
      });
    }
  }
  return { commands, unmapped };
};
