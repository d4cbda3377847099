import { type Bug, bug } from "./bug.ts";

export const sweeping: readonly Bug[] = [
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
  bug(
    "sweep-forgets-expiries",
    "jobs/sweep.ts",
    'if (found.expired.length > 0) deps.wake("expire-reservations", {});',
    "",
  ),
  bug(
    "sweep-leaves-failed-credentials-alone",
    "jobs/sweep.ts",
    'const failing = account.state === "needs-attention";',
    'const failing = account.state === "needs-attention";\n    if (failing) continue;',
  ),
  bug(
    "working-credentials-change-nothing",
    "jobs/poll-orders.ts",
    "if (await resumeAccount(deps.db, accountId, now)) {",
    "if (Math.abs(0) > 0 && (await resumeAccount(deps.db, accountId, now))) {",
  ),
  bug(
    "holds-end-in-silence",
    "sync/holds.ts",
    '    await markAllOwed(tx, targets, ended.now, { released: row.kind === "zero" });\n',
    "",
  ),
  bug(
    "holds-are-not-looked-at-again",
    "jobs/begin-attempts.ts",
    "forbiddenWrites(tx, planned),",
    "forbiddenWrites(tx, []),",
  ),
  {
    name: "only-news-wakes-pushes",
    edits: [
      {
        file: "jobs/sweep.ts",
        from: 'if (work.owedTargets > 0) deps.wake("push-account", { accountId });',
        to: "",
      },
      { file: "jobs/poll-orders.ts", from: 'deps.wake("push-account", { accountId });', to: "" },
    ],
  },
];
