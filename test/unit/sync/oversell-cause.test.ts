import { expect, test } from "vitest";
import { causeOfOversell, raceMs } from "../../../src/sync/oversell-cause.ts";
import { type LaterWrite, type Offer, type OversellFigures, type Taking } from "../../../src/sync/oversell-evidence.ts";
import { avoidedBy } from "../../../src/sync/oversell-setting.ts";

const t0 = Date.parse("2026-11-20T10:00:00.000Z");
const secondAtMs = t0 + 60_000;

/** Sold elsewhere a minute before the second sale, told and known half a second later. */
const first: Taking = {
  movementId: 11,
  version: 11,
  by: "order",
  kind: "order",
  units: 3,
  accountId: "elsewhere",
  orderRef: "E-1",
  actor: "order:elsewhere",
  soldAtMs: t0,
  toldAtMs: t0 + 400,
  recordedAtMs: t0 + 500,
  door: "webhook",
  isMessaged: true,
  accountHasMessages: true,
  wasParked: false,
  isSameListing: false,
};
const second: Taking = {
  ...first,
  movementId: 12,
  version: 12,
  accountId: "shop",
  orderRef: "S-1",
  actor: "order:shop",
  soldAtMs: secondAtMs,
  toldAtMs: secondAtMs + 400,
  recordedAtMs: secondAtMs + 500,
  isSameListing: true,
};
/** Five were there and five were shown. */
const offer: Offer = {
  listingId: 1,
  accountId: "shop",
  ref: "gid-1",
  unitsEach: 1,
  units: 5,
  madeAtMs: t0 - 600_000,
  availableUnits: 5,
  how: "push",
  countsMore: false,
  locations: 1,
  bufferUnits: 0,
  isMarginOff: false,
  drift: null,
};
const noBrakes = { accountState: null, holdId: null, blockedReason: null };
const figures = (change: {
  readonly first?: Partial<Taking>;
  readonly second?: Partial<Taking>;
  readonly offer?: Partial<Offer>;
  readonly writes?: readonly Partial<LaterWrite>[];
  readonly brakes?: Partial<OversellFigures["brakes"]>;
  readonly unitsShort?: number;
}): OversellFigures => {
  const sold = { ...second, ...change.second };
  return {
    unitsShort: change.unitsShort ?? 1,
    last: sold,
    second: sold,
    before: [{ ...first, ...change.first }],
    offer: { ...offer, ...change.offer },
    writes: (change.writes ?? []).map((write) => ({
      attemptId: 7,
      version: 11,
      units: 2,
      state: "accepted",
      startedAtMs: t0 + 700,
      answeredAtMs: t0 + 900,
      appliedAtMs: null,
      ...write,
    })),
    brakes: { ...noBrakes, ...change.brakes },
  };
};
const late = { toldAtMs: secondAtMs + 5_000, recordedAtMs: secondAtMs + 5_100 };
const polled = { ...late, door: "poll", isMessaged: false } as const;
const before = (ms: number) => ({ soldAtMs: secondAtMs - ms });

test.each<[string, Parameters<typeof figures>[0], string, string]>([
  ["sold at one moment", { first: before(0) }, "race", "same-moment"],
  ["sold within what nobody can react to", { first: before(raceMs - 1) }, "race", "same-moment"],
  ["sold that long before, and told too late", { first: { ...before(raceMs), ...late } }, "their-lag", "told-late"],
  ["told only after the second sale", { first: late }, "their-lag", "told-late"],
  ["told at the second sale's very moment", { first: { ...late, toldAtMs: secondAtMs } }, "their-lag", "told-late"],
  [
    "told so shortly before that no write could follow",
    { first: { toldAtMs: secondAtMs - raceMs + 1, recordedAtMs: secondAtMs - 1_000 } },
    "their-lag",
    "told-late",
  ],
  [
    "told after most of the time had gone",
    { first: { toldAtMs: t0 + 31_000, recordedAtMs: t0 + 31_100 } },
    "their-lag",
    "told-late",
  ],
  [
    "told when most of the time was left",
    { first: { toldAtMs: t0 + 29_000, recordedAtMs: t0 + 29_100 } },
    "our-lag",
    "not-sent",
  ],
  ["a lost message, found by a poll", { first: polled }, "unseen-order", "message-lost"],
  ["a message that came after the poll", { first: { ...polled, isMessaged: true } }, "their-lag", "told-late"],
  ["polled for want of messages", { first: { ...polled, accountHasMessages: false } }, "their-lag", "polled"],
  ["known and never sent", {}, "our-lag", "not-sent"],
  ["here and not applied", { first: { recordedAtMs: secondAtMs + 1 } }, "our-lag", "ingest"],
  ["here and waiting for its link", { first: { recordedAtMs: secondAtMs + 1, wasParked: true } }, "our-lag", "parked"],
  ["the account was paused", { brakes: { accountState: "paused" } }, "our-lag", "account-not-live"],
  [
    "told late, to an account that was paused all the same",
    { first: { toldAtMs: t0 + 50_000, recordedAtMs: t0 + 50_100 }, brakes: { accountState: "paused" } },
    "our-lag",
    "account-not-live",
  ],
  [
    "told too late for an account that was paused too",
    { first: late, brakes: { accountState: "paused" } },
    "their-lag",
    "told-late",
  ],
  ["frozen", { brakes: { holdId: 3 } }, "our-lag", "hold"],
  ["blocked", { brakes: { blockedReason: "ended" } }, "our-lag", "blocked"],
  ["refused", { writes: [{ state: "refused" }] }, "our-lag", "refused"],
  ["lost", { writes: [{ state: "lost" }] }, "our-lag", "lost-push"],
  ["no clear answer", { writes: [{ state: "unknown" }] }, "our-lag", "unanswered"],
  ["no answer yet", { writes: [{ state: "accepted", answeredAtMs: secondAtMs + 1 }] }, "our-lag", "sending"],
  ["sent just before", { writes: [{ answeredAtMs: secondAtMs - 1_000 }] }, "our-lag", "sending"],
  ["taken and not shown", { writes: [{}] }, "their-lag", "showing"],
  ["a write that did not know of it", { writes: [{ version: 10 }] }, "our-lag", "not-sent"],
  ["a policy that had not to change its number", { offer: { countsMore: true } }, "policy", "counts"],
  ["a policy that showed more", { offer: { units: 6, countsMore: true } }, "policy", "counts"],
  ["the stock of two locations", { offer: { units: 6, locations: 2 } }, "policy", "locations"],
  ["a captured number put back", { offer: { units: 6, how: "restored" } }, "manual", "restored"],
  ["a number set by hand", { offer: { units: 6, how: "channel", drift: "hand-edit" } }, "manual", "listing-edit"],
  ["a number that came back", { offer: { units: 6, how: "channel", drift: "lost-push" } }, "our-lag", "lost-push"],
  ["a number of nobody's", { offer: { units: 6, how: "channel" } }, "unknown", "unexplained"],
  [
    "our write over a sale there, with the margin off",
    { first: { ...late, isSameListing: true, soldAtMs: offer.madeAtMs - 1 }, offer: { isMarginOff: true } },
    "policy",
    "margin-off",
  ],
  [
    "our write over a sale there",
    { first: { ...late, isSameListing: true, soldAtMs: offer.madeAtMs - 1 } },
    "their-lag",
    "told-late",
  ],
  ["units taken by hand after the sale", { second: { by: "hand", kind: "count" } }, "manual", "by-hand"],
  [
    "a count that no number could follow",
    { first: { by: "hand", kind: "count", toldAtMs: secondAtMs - 500, recordedAtMs: secondAtMs - 500 } },
    "manual",
    "by-hand",
  ],
  [
    "a count that nobody carried to the listing",
    { first: { by: "hand", kind: "count", toldAtMs: t0, recordedAtMs: t0 } },
    "our-lag",
    "not-sent",
  ],
  [
    "a sale there, which the channel takes off by itself: nothing is left to explain it",
    { first: { isSameListing: true, units: 1 } },
    "unknown",
    "unexplained",
  ],
  [
    "more than what was shown",
    { first: { isSameListing: true }, second: { units: 3 } },
    "channel-fault",
    "sold-past-number",
  ],
])("%s", (_name, change, cause, what) => {
  expect(causeOfOversell(figures(change))).toMatchObject({ cause, what });
});

test("what the number had kept back excuses the first of what it did not know", () => {
  // Of five, three were shown: the first two sold elsewhere did no harm, and the next did.
  const known = { ...first, movementId: 10, units: 2 };
  const base = figures({ offer: { units: 3 } });
  const verdict = causeOfOversell({ ...base, unitsShort: 2, before: [known, { ...first, ...late, units: 3 }] });
  expect(verdict.blames).toEqual([{ cause: "their-lag", what: "told-late", units: 2, movementId: 11, gapMs: 60_000 }]);
});

test("several are to blame each for its units, and the cause answers for most of them", () => {
  const races = { ...first, movementId: 10, soldAtMs: secondAtMs - 100, units: 1 };
  const verdict = causeOfOversell({ ...figures({ unitsShort: 4 }), before: [{ ...first, ...late }, races] });
  expect(verdict).toMatchObject({ cause: "their-lag", movementId: 11, gapMs: 60_000 });
  expect(verdict.blames.map(({ cause, units }) => [cause, units])).toEqual([
    ["their-lag", 3],
    ["race", 1],
  ]);
});

test("units that come back before the second sale take the blame off what was sold last", () => {
  const back = { ...first, movementId: 13, units: -3, soldAtMs: t0 + 1_000 };
  const base = figures({ unitsShort: 1 });
  expect(causeOfOversell({ ...base, before: [{ ...first, ...late }, back] })).toMatchObject({ cause: "unknown" });
});

test("without a number to look at, nothing is claimed", () => {
  expect(causeOfOversell({ ...figures({}), offer: null })).toMatchObject({ cause: "unknown", what: "unexplained" });
});

const telling = { ordersEveryMs: 120_000, messagesSetting: null };
test.each<
  [string, Parameters<typeof figures>[0], typeof telling | { ordersEveryMs: number; messagesSetting: string }, object]
>([
  [
    "a buffer of all that was sold unseen",
    { first: late, unitsShort: 2 },
    telling,
    { setting: "policy.buffer", value: 3, account: "shop" },
  ],
  [
    "on top of the buffer there was, in sets of the listing",
    {
      first: late,
      unitsShort: 5,
      offer: { unitsEach: 2, units: 3, availableUnits: 6, bufferUnits: 1 },
      second: { units: 6 },
    },
    telling,
    { setting: "policy.buffer", value: 3 },
  ],
  [
    "polls twice in the time there was",
    { first: polled },
    telling,
    { setting: "poll.orders_seconds", value: 30, account: "elsewhere" },
  ],
  [
    "no faster polls than there are",
    { first: polled },
    { ...telling, ordersEveryMs: 30_000 },
    { setting: "policy.buffer" },
  ],
  [
    "messages, where there are none",
    { first: { ...polled, accountHasMessages: false } },
    { ...telling, messagesSetting: "server.public_url" },
    { setting: "server.public_url", value: null, account: "elsewhere" },
  ],
  [
    "a live account",
    { brakes: { accountState: "paused" } },
    telling,
    { setting: "account.state", value: "live", account: "shop" },
  ],
  ["a zero hold", { brakes: { holdId: 3 } }, telling, { setting: "hold.kind", value: "zero" }],
  [
    "only what is available",
    { offer: { countsMore: true } },
    telling,
    { setting: "policy.counts", value: "available" },
  ],
  [
    "to ask before a drift is accepted",
    { second: { by: "hand", actor: "drift:policy" } },
    telling,
    { setting: "audit.drifts", value: "ask" },
  ],
  ["nothing, where a hand did it", { second: { by: "hand" } }, telling, { setting: "none" }],
  ["no buffer for a checkout", { first: late, offer: { how: "ledger" } }, telling, { setting: "none" }],
])("avoided by %s", (_name, change, told, expected) => {
  const of = figures(change);
  expect(avoidedBy(causeOfOversell(of), of, told)).toMatchObject(expected);
});
