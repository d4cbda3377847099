import { type Bug, bug } from "./bug.ts";

export const confirming: readonly Bug[] = [
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
