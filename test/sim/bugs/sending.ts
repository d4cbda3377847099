import { type Bug, bug } from "./bug.ts";

export const sending: readonly Bug[] = [
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
  bug(
    "written-down-after-the-call",
    "jobs/send-writes.ts",
    "  const batch = await beginAttempts(",
    "  await connector.pushQuantities(planned.map(writeOf), attemptKey, { accountId, signal });\n  const batch = await beginAttempts(",
  ),
  bug(
    "unknown-is-sent-again-at-once",
    "jobs/send-writes.ts",
    "    failure = error;\n    outcomes = outcomesOfFailure(batch, error);",
    "    failure = error;\n    outcomes = await connector.pushQuantities(writes, attemptKey, { accountId, signal }).catch(() => outcomesOfFailure(batch, error));",
  ),
  bug(
    "paused-is-pushed-to",
    "jobs/push-account.ts",
    'if (state !== "live" && state !== "shadow") return undefined;',
    "if (state === undefined) return undefined;",
  ),
  bug("two-runs-of-a-process-plan-at-once", "jobs/account-turn.ts", "  if (turns.has(name)) return undefined;\n", ""),
];
