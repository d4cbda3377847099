import { assertNever } from "../core/failure.ts";
import type { OversellVerdict } from "../sync/oversell-cause.ts";
import type { OversellFigures, Taking } from "../sync/oversell-evidence.ts";
import type { AvoidedBy } from "../sync/oversell-setting.ts";

export const secondsText = (ms: number): string =>
  ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;

/** Who took units, for people. */
export const takerText = ({ by, kind, accountId, orderRef, actor }: Taking): string => {
  if (by === "order") return `order ${orderRef} on ${accountId}`;
  return by === "checkout" ? `a reservation by ${actor}` : `${kind} by ${actor}`;
};

const listingText = ({ offer, second }: OversellFigures): string =>
  offer?.ref == null ? `what ${takerText(second)} could take` : `${offer.accountId} ${offer.ref}`;

/** The cause in a sentence. */
export const causeText = (verdict: OversellVerdict, figures: OversellFigures): string => {
  const { second, offer, brakes } = figures;
  const first = [...figures.before, second, figures.last].find(({ movementId }) => movementId === verdict.movementId);
  const taker = first === undefined ? "" : takerText(first);
  const gap = secondsText(verdict.gapMs ?? 0);
  const where = listingText(figures);
  const toldAfter = first === undefined ? "" : secondsText(first.toldAtMs - first.soldAtMs);
  const known = first === undefined ? "" : secondsText(second.soldAtMs - first.toldAtMs);
  switch (verdict.what) {
    case "same-moment":
      return `${taker} and ${takerText(second)} were made within ${gap} of each other`;
    case "polled":
      return `${taker} was made ${gap} before ${takerText(second)} and found by a poll after ${toldAfter}; its account is told of nothing`;
    case "told-late":
      return `${taker} was made ${gap} before ${takerText(second)}, and its channel told of it after ${toldAfter}`;
    case "message-lost":
      return `no message told of ${taker}, made ${gap} before ${takerText(second)}; a read of the orders found it after ${toldAfter}`;
    case "showing":
      return `the lower number for ${where} had been taken by its channel, which did not show it yet when ${takerText(second)} was made`;
    case "ingest":
      return `what came in about ${taker} was here ${known} before ${takerText(second)} and was not applied yet`;
    case "parked":
      return `what came in about ${taker} waited for its listing to be linked`;
    case "account-not-live":
      return `${taker} was known ${known} before ${takerText(second)}, but ${second.accountId} was ${brakes.accountState} and is not written to`;
    case "hold":
      return `${taker} was known ${known} before ${takerText(second)}, but hold ${brakes.holdId} froze ${where}`;
    case "blocked":
      return `${taker} was known ${known} before ${takerText(second)}, but the channel refuses ${where}: ${brakes.blockedReason}`;
    case "refused":
      return `${taker} was known ${known} before ${takerText(second)}; the channel refused the lower number for ${where}`;
    case "lost-push":
      return `${taker} was known ${known} before ${takerText(second)}; the lower number for ${where} was taken and never shown`;
    case "unanswered":
      return `${taker} was known ${known} before ${takerText(second)}; the push of the lower number for ${where} got no clear answer`;
    case "sending":
      return `${taker} was known ${known} before ${takerText(second)}; the lower number for ${where} was still under way`;
    case "not-sent":
      return `${taker} was known ${known} before ${takerText(second)}; the lower number for ${where} was owed and not sent`;
    case "counts":
      return `the policy of ${where} counts more than what is available: it showed ${offer?.units} of ${offer?.availableUnits}`;
    case "locations":
      return `${where} showed the stock of ${offer?.locations} locations; its orders are booked at one, which had ${offer?.availableUnits}`;
    case "margin-off":
      return `${taker} was made just before ${where} was written, and sales_margin is none: the write put it back on sale`;
    case "by-hand":
      return `${taker} took units that had been sold`;
    case "restored":
      return `a person put the captured number ${offer?.units} back on ${where}`;
    case "listing-edit":
      return `a hand or another program set ${where} to ${offer?.units}`;
    case "sold-past-number":
      return `${where} sold more than the ${offer?.units} that it was set to`;
    case "unexplained":
      return "nothing on record explains it";
    default:
      return assertNever(verdict.what);
  }
};

/** The setting in a sentence. */
export const avoidedText = ({ setting, value, account }: AvoidedBy): string => {
  const of = account === null ? "" : ` of ${account}`;
  switch (setting) {
    case "none":
      return "no setting would have avoided it";
    case "policy.buffer":
      return `a policy${of} with buffer: ${value} (or more) for this SKU would have avoided it`;
    case "poll.orders_seconds":
      return `poll.orders_seconds: ${value}${of} would have avoided it`;
    case "account.state":
      return `${account} live (lockstep account ${account} --state live) would have avoided it`;
    case "hold.kind":
      return "a zero hold instead of a freeze would have avoided it";
    case "listing.link":
      return `linking the listing${of} (lockstep map) before it sold would have avoided it`;
    case "account.locations":
      return `locations${of} with the one alone at which its orders are booked would have avoided it`;
    default:
      return `${setting}${value === null ? "" : `: ${value}`}${of} would have avoided it`;
  }
};
