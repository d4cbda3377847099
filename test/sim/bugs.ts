/** A mistake that somebody could make in the product: which lines would be different. `from` stands once in its file. */
export type Bug = {
  readonly name: string;
  readonly edits: readonly { readonly file: string; readonly from: string; readonly to: string }[];
};

const bug = (name: string, file: string, from: string, to: string): Bug => ({ name, edits: [{ file, from, to }] });

const planning: readonly Bug[] = [
  bug("raise-without-evidence", "jobs/plan-batch.ts", "ordersSeen: !figures.unseen.has(listingId)", "ordersSeen: true"),
  bug(
    "evidence-of-own-account-alone",
    "sync/targets.ts",
    "join listing_link other on other.sku = k.sku",
    "join listing_link other on other.listing_id = t.listing_id",
  ),
  bug(
    "unread-inbox-is-no-obstacle",
    "sync/targets.ts",
    "where n.behind or n.watermark is null",
    "where n.watermark is null",
  ),
  bug(
    "watermark-a-minute-early",
    "sync/targets.ts",
    "n.watermark < s.shown_since",
    "n.watermark < s.shown_since - interval '60 s'",
  ),
  bug(
    "shown-since-never-moves",
    "sync/targets.ts",
    "then t.shown_since else ${readAt}::timestamptz end",
    "then t.shown_since else coalesce(t.shown_since, ${readAt}::timestamptz) end",
  ),
  bug(
    "rides-any-attempt",
    "sync/decide-push.ts",
    "if (last !== undefined && last.units === wantedUnits) return",
    "if (last !== undefined) return",
  ),
  bug(
    "raises-over-an-open-attempt",
    "sync/decide-push.ts",
    'if (last !== undefined) return { action: "wait", reason: "open-attempt" };',
    "",
  ),
  bug(
    "open-attempts-show-nothing",
    "sync/decide-push.ts",
    "Math.max(shownUnits, ...openAttempts.map((attempt) => attempt.units))",
    "shownUnits",
  ),
  bug(
    "lowers-above-what-is-shown",
    "sync/decide-push.ts",
    "const units = Math.min(lowerToUnits, shownUnits);",
    "const units = lowerToUnits;",
  ),
  bug(
    "withheld-units-are-forgotten",
    "jobs/plan-batch.ts",
    "version: withheldUnits === 0 ? version : version - 1,",
    "version,",
  ),
  bug("left-out-reading-blocks", "jobs/plan-batch.ts", "if (reading === undefined)\n", "if (Math.abs(0) > 0)\n"),
  bug(
    "version-stands-while-owed",
    "sync/targets.ts",
    "set wanted_version = t.wanted_version + 1, blocked_reason = null, failures = 0, not_before = null,",
    "set wanted_version = t.wanted_version + case when t.settled_version = t.wanted_version then 1 else 0 end, blocked_reason = null, failures = 0, not_before = null,",
  ),
  bug(
    "only-the-first-sku-is-owed",
    "jobs/publish-events.ts",
    '[...new Set(rows.filter((row) => row.topic === "stock.changed").map((row) => row.subject))]',
    '[...new Set(rows.filter((row) => row.topic === "stock.changed").map((row) => row.subject))].slice(0, 1)',
  ),
];

const sending: readonly Bug[] = [
  {
    name: "accepted-is-applied",
    edits: [
      {
        file: "jobs/record-outcomes.ts",
        from: "await recordAnswers(deps.db, attemptKey, answers, times);",
        to: 'await recordAnswers(deps.db, attemptKey, answers, times);\n  await settleTargets(deps.db, batch.filter((one) => answers.some((answer) => answer.listingId === one.listingId && answer.state === "accepted")).map(({ listingId, version, units }) => ({ listingId, version, units })));',
      },
      { file: "jobs/record-outcomes.ts", from: "deferTargets } from", to: "deferTargets, settleTargets } from" },
    ],
  },
  bug(
    "unknown-is-refused",
    "jobs/send-writes.ts",
    "error instanceof ChannelError && !error.ambiguous",
    "error instanceof ChannelError",
  ),
  bug(
    "left-out-row-is-refused",
    "jobs/record-outcomes.ts",
    'status: "unknown", reason: "the channel\'s answer left this listing out" };',
    'status: "refused", retry: "later", reason: "no answer" } as const;',
  ),
  {
    name: "old-number-again-on-conflict",
    edits: [
      {
        file: "jobs/send-writes.ts",
        from: "    outcomes = await connector.pushQuantities(writes, attemptKey, { accountId, signal: deadline });",
        to: '    outcomes = await connector.pushQuantities(writes, attemptKey, { accountId, signal: deadline });\n    if (outcomes.some((outcome) => outcome.status === "conflict")) {\n      const seen = await connector.readQuantities(writes, { accountId, signal: deadline });\n      const again = writes.map((write) => ({ ...write, expectedUnits: seen.find(({ ref }) => ref === write.ref)?.units ?? null }));\n      outcomes = await connector.pushQuantities(again, attemptKey, { accountId, signal: deadline });\n    }',
      },
    ],
  },
  bug(
    "refused-for-now-is-for-good",
    "jobs/record-outcomes.ts",
    'if (outcome.retry === "never")',
    'if (outcome.retry === "never" || outcome.retry === "later")',
  ),
  bug("lease-is-not-held", "jobs/begin-attempts.ts", "if (!isHeld) throw new LeaseLostError();", ""),
  bug(
    "sends-after-a-standstill",
    "jobs/send-writes.ts",
    "  if (deps.clock.monotonicMs() - beganMs > sendMsMax) return leaveUnsent(deps, attemptKey, batch);\n",
    "",
  ),
  bug(
    "accepted-acts-at-once",
    "jobs/record-outcomes.ts",
    "effectUntil: toIso(answeredMs + connector.limits.settleMs) };",
    "effectUntil: toIso(answeredMs) };",
  ),
  bug(
    "orphans-are-left-alone",
    "jobs/push-account.ts",
    "const orphans = await disownSentAttempts(deps.db, accountId);",
    "const orphans = 0;",
  ),
  bug(
    "orphans-are-refused",
    "sync/attempts.ts",
    "update push_attempt set state = 'unknown', detail = 'its worker was gone",
    "update push_attempt set state = 'refused', detail = 'its worker was gone",
  ),
];

const confirming: readonly Bug[] = [
  bug(
    "suspect-window-skipped",
    "sync/judge-read-back.ts",
    "applied !== undefined && open.length === 0 ? applied.version : null",
    "applied !== undefined ? applied.version : null",
  ),
  bug(
    "settles-whatever-is-wanted",
    "sync/targets.ts",
    "set settled_version = greatest(t.settled_version, s.version), wanted_units",
    "set settled_version = t.wanted_version, wanted_units",
  ),
  bug(
    "unknown-is-not-read-back",
    "sync/attempts.ts",
    "state in ('accepted', 'unknown') and next_read_at <= ${now}::timestamptz",
    "state = 'accepted' and next_read_at <= ${now}::timestamptz",
  ),
  bug(
    "older-open-attempts-are-lost-at-once",
    "sync/judge-read-back.ts",
    "const open = rest.filter((attempt) => attempt.effectUntilMs > readAtMs);",
    "const open: AwaitedAttempt[] = [];",
  ),
  bug(
    "lost-is-applied",
    "jobs/confirm-pushes.ts",
    "const applied = open.find(({ id }) => id === verdict.appliedId);",
    "const applied = open.find(({ id }) => id === verdict.appliedId);\n    const given = open.at(-1);\n    if (applied === undefined && verdict.stillOpenIds.length === 0 && given !== undefined) settled.push({ listingId, version: given.version, units: given.units });",
  ),
];

const comingIn: readonly Bug[] = [
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
];

const sweeping: readonly Bug[] = [
  bug(
    "sweep-forgets-pushes",
    "jobs/sweep.ts",
    'if (work.owedTargets > 0) deps.wake("push-account", { accountId });',
    "",
  ),
  bug(
    "sweep-forgets-read-backs",
    "jobs/sweep.ts",
    'if (work.dueReadBacks > 0) deps.wake("confirm-pushes", { accountId });',
    "",
  ),
  bug(
    "sweep-forgets-the-inbox",
    "jobs/sweep.ts",
    'if (work.openDeliveries > 0) deps.wake("ingest", { accountId });',
    "",
  ),
  bug("sweep-forgets-the-outbox", "jobs/sweep.ts", 'if (found.outbox > 0) deps.wake("publish-events", {});', ""),
  bug("sweep-forgets-polls", "jobs/sweep.ts", 'deps.wake("poll-orders", { accountId: account.id });', ""),
];

const ledger: readonly Bug[] = [
  bug(
    "keys-are-forgotten",
    "ledger/lock.ts",
    "known: mapOf(locked.known, ([key, fingerprint, answer]): [string, KnownKey] => [key, { fingerprint, answer }]),",
    "known: new Map<string, KnownKey>(),",
  ),
  bug(
    "reservations-look-at-nothing",
    "ledger/decide-reserve.ts",
    "const free = Math.max(0, available(level));",
    "const free = units;",
  ),
  bug(
    "oversells-leave-no-record",
    "ledger/decide.ts",
    "if (short > 0) incidents.push(incidentOf(command, movement, short));",
    "",
  ),
];

export const plantedBugs: readonly Bug[] = [
  ...planning,
  ...sending,
  ...confirming,
  ...comingIn,
  ...sweeping,
  ...ledger,
];
