import { compareLines } from "../../src/demo/verdict.ts";
import { drive } from "./drive.ts";
import type { Given, Policy } from "./policy.ts";

const breachesMsMax = 60_000;

/** What the outside witness and the tool's own invariants say in the end. */
export const judge = async (given: Given, policy: Policy) => {
  const { world, books, channels } = given;
  const violations: string[] = [];
  const figures = { lost: 0, invented: 0, doubled: 0, wrongListings: 0 };
  for (const channel of channels.values()) {
    const { accountId } = channel.shape;
    const witness = [...channel.orders.values()].flatMap((order) =>
      channel.linesOf(order).map(({ listing: { sku, unitsEach }, ...line }) => ({
        orderId: order.orderRef,
        lineId: line.lineRef,
        sku,
        orderedUnits: line.orderedUnits * unitsEach,
        cancelledUnits: line.cancelledUnits * unitsEach,
        shippedUnits: line.leftUnits * unitsEach,
        restockedUnits: line.backUnits * unitsEach,
      })),
    );
    const ledger = policy.orderLines(accountId);
    const units = compareLines({ channel: channel.shape.channel, witness, ledger, shown: new Map() });
    figures.lost += units.lost;
    figures.invented += units.invented;
    figures.doubled += units.doubled;
    violations.push(...units.lines.map((line) => `units: ${line}`));
  }
  for (const [sku, units] of policy.available()) {
    if (units !== books.left(sku)) violations.push(`stock: ${sku} has ${units} available, truly ${books.left(sku)}`);
  }
  for (const listing of books.listings) {
    const wanted = books.sellable(listing);
    if (listing.shown === wanted) continue;
    figures.wrongListings += 1;
    violations.push(`listing: ${listing.ref} shows ${listing.shown}, should show ${wanted}`);
  }
  violations.push(...(await drive(world, policy.breaches(), breachesMsMax)));
  violations.push(...books.blamedRaises.map((raise) => `raise: ${raise}`));
  return { violations, figures };
};
