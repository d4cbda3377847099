import { type Bug, bug } from "./bug.ts";

export const comingIn: readonly Bug[] = [
  bug(
    "webhook-answered-before-it-is-kept",
    "webhooks/receive.ts",
    "      await keep(door, kept);\n",
    "      void keep(door, kept).catch(() => undefined);\n",
  ),
  {
    name: "message-acknowledged-before-it-is-kept",
    edits: [
      {
        file: "jobs/drain-notifications.ts",
        from: "      await keepDeliveries(deps.db,",
        to: "      await notifications.acknowledge(messages.map((message) => message.handle), { accountId, signal });\n      await keepDeliveries(deps.db,",
      },
    ],
  },
  {
    name: "orders-are-differences",
    edits: [
      {
        file: "ledger/decide-order.ts",
        from: "if (before !== undefined && compareViews(view, before) <= 0) {",
        to: "if (before !== undefined && compareViews(view, before) < 0) {",
      },
      {
        file: "ledger/decide-order.ts",
        from: "const dReserved = command.target.holdUnits - (before?.holdUnits ?? 0);",
        to: "const dReserved = command.target.holdUnits;",
      },
    ],
  },
  bug(
    "older-view-wins",
    "ledger/decide-order.ts",
    "if (before !== undefined && compareViews(view, before) <= 0) {",
    "if (before !== undefined && Math.abs(0) > 0) {",
  ),
  bug(
    "order-of-arrival-within-a-second",
    "ledger/decide-order.ts",
    "  Date.parse(a.sourceObservedAt) - Date.parse(b.sourceObservedAt) ||\n  a.backUnits - b.backUnits ||\n  a.leftUnits - b.leftUnits ||\n  b.holdUnits - a.holdUnits;",
    "  1;",
  ),
  bug(
    "returns-do-not-come-back",
    "ledger/decide-order.ts",
    "const dOnHand = dBack - dLeft;",
    "const dOnHand = -dLeft;",
  ),
  bug(
    "multipack-sells-one",
    "jobs/order-commands.ts",
    "holdUnits: line.holdUnits * units,",
    "holdUnits: line.holdUnits,",
  ),
  bug(
    "cancelled-unseen-is-no-news",
    "jobs/apply-deliveries.ts",
    "[...hints, ...letGoHints(deliveries.flatMap(ordersOf))]",
    "hints",
  ),
  {
    name: "settled-before-applied",
    edits: [
      {
        file: "jobs/ingest.ts",
        from: "          await applyDeliveries(deps, accountId, readable);\n",
        to: '          await inTransaction(deps.db, (tx) => settleDeliveries(tx, readable.map(({ id }) => ({ id, state: "applied", reason: null })), toIso(deps.clock.now())));\n          await applyDeliveries(deps, accountId, readable);\n',
      },
    ],
  },
  {
    name: "cursor-before-rows",
    edits: [
      {
        file: "jobs/poll-orders.ts",
        from: "      const fresh = await inTransaction(deps.db, async (tx) => {",
        to: "      await saveCursor(deps.db, { accountId, stream: ordersStream, cursor: page.next, watermark: page.done ? page.watermark : null, now });\n      const fresh = await inTransaction(deps.db, async (tx) => {",
      },
    ],
  },
  bug(
    "watermark-from-the-clock",
    "jobs/poll-orders.ts",
    "const watermark = page.done ? page.watermark : null;",
    "const watermark = page.done ? now : null;",
  ),
  bug(
    "fifth-row-of-a-page-is-dropped",
    "jobs/poll-orders.ts",
    "const deliveries = page.items.map((delivery) => ({ delivery }));",
    "const deliveries = page.items.slice(0, 4).map((delivery) => ({ delivery }));",
  ),
  {
    name: "outbox-claimed-before-it-is-carried",
    edits: [
      {
        file: "jobs/publish-events.ts",
        from: "const { claimed, accountIds } = await inTransaction(deps.db, async (tx) => {\n        const now = toIso(deps.clock.now());\n        const rows = await claimOutbox(tx, rowsMax, now);",
        to: "const rows = await inTransaction(deps.db, (tx) => claimOutbox(tx, rowsMax, toIso(deps.clock.now())));\n      const { claimed, accountIds } = await inTransaction(deps.db, async (tx) => {\n        const now = toIso(deps.clock.now());",
      },
    ],
  },
  bug(
    "one-garbled-message-blocks-all",
    "jobs/ingest.ts",
    'dead.push({ id: row.id, state: "dead", reason: `not understood: ${(error as Error).message}`.slice(0, 500) });\n      continue;',
    "throw error;",
  ),
  bug("dead-after-one-failure", "jobs/ingest.ts", "const attemptsMax = 8;", "const attemptsMax = 1;"),
  bug(
    "parked-is-left-parked",
    "jobs/link-listings.ts",
    "return reopenParked(tx, mapping.accountId, await namesOf(tx, [mapping.listingId]));",
    "return 0;",
  ),
  bug(
    "unmapped-lines-are-ignored",
    "jobs/apply-deliveries.ts",
    "unmapped.push(...waiting);\n      settled.push(settlementOf(delivery, waiting));",
    "unmapped.push(...waiting);\n      settled.push(settlementOf(delivery, []));",
  ),
  bug(
    "cancelled-lines-are-skipped",
    "jobs/order-commands.ts",
    "  for (const line of order.lines) {",
    "  for (const line of order.lines.filter(({ holdUnits, leftUnits }) => holdUnits + leftUnits > 0)) {",
  ),
  bug(
    "lines-of-one-sku-are-one",
    "ledger/state.ts",
    "JSON.stringify([line.accountId, line.orderRef, line.lineRef, line.sku])",
    'JSON.stringify([line.accountId, line.orderRef, "", line.sku])',
  ),
  bug(
    "polls-are-done-at-the-first-page",
    "jobs/poll-orders.ts",
    "      if (page.done) {",
    "      if (!page.done) await saveCursor(deps.db, { accountId, stream: ordersStream, cursor: null, watermark: null, now });\n      if (page.items.length > 0 || page.done) {",
  ),
];
