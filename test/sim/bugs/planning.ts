import { type Bug, bug } from "./bug.ts";

export const planning: readonly Bug[] = [
  bug("raise-without-evidence", "jobs/sort-targets.ts", "ordersSeen: unseen.length === 0", "ordersSeen: true"),
  bug(
    "raises-without-a-look",
    "sync/raise-evidence.ts",
    "if (isOwn || pace === undefined) return false;",
    "if (isOwn || pace === undefined || polledAtMs !== null) return false;",
  ),
  bug(
    "evidence-of-own-account-alone",
    "sync/raise-evidence.ts",
    "join listing_link other on other.sku = k.sku",
    "join listing_link other on other.listing_id = t.listing_id",
  ),
  bug(
    "unread-inbox-is-no-obstacle",
    "sync/raise-evidence.ts",
    "n.behind or n.watermark is null",
    "n.watermark is null",
  ),
  bug(
    "watermark-a-minute-early",
    "sync/raise-evidence.ts",
    "n.watermark < s.shown_since",
    "n.watermark < s.shown_since - interval '60 s'",
  ),
  bug(
    "shown-since-never-moves",
    "sync/targets.ts",
    "then t.shown_since else ${answeredAt}::timestamptz end",
    "then t.shown_since else coalesce(t.shown_since, ${answeredAt}::timestamptz) end",
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
    "jobs/sort-targets.ts",
    "version: withheldUnits === 0 ? version : version - 1,",
    "version,",
  ),
  bug("left-out-reading-blocks", "jobs/sort-targets.ts", "if (reading === undefined)\n", "if (Math.abs(0) > 0)\n"),
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
  bug(
    "settles-over-an-open-attempt",
    "sync/decide-push.ts",
    'if (last !== undefined) return { action: "wait", reason: "open-attempt" };\n  if (wantedUnits === shownUnits) return { action: "settled" };',
    'if (wantedUnits === shownUnits) return { action: "settled" };\n  if (last !== undefined) return { action: "wait", reason: "open-attempt" };',
  ),
  bug(
    "paused-accounts-owe-nothing",
    "sync/targets.ts",
    "where t.listing_id in (select listing_id from listing_link where sku = any(${skus}))",
    "where t.listing_id in (select listing_id from listing_link where sku = any(${skus})) and t.account_id in (select id from account where state = 'live')",
  ),
  bug(
    "multipack-shows-half-packs",
    "mapping/allocate.ts",
    "Math.floor(Math.max(0, units) / unitsEach)",
    "Math.ceil(Math.max(0, units) / unitsEach)",
  ),
];
