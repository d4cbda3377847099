import type { OversellVerdict } from "./oversell-cause.ts";
import type { OversellFigures, Taking } from "./oversell-evidence.ts";

/** What would have avoided an oversell, for programs. `none`: nothing would have. */
export type AvoidedBy = {
  readonly setting: string;
  /** Null: the setting needs a value of the merchant's own, such as an address. */
  readonly value: string | number | null;
  /** Whose setting; null: everybody's. */
  readonly account: string | null;
};

/** What the settings say today about the account whose order was known too late. */
export type TellingAccount = {
  readonly ordersEveryMs: number;
  /** The setting by which the channel tells of orders by itself; null: there is none. */
  readonly messagesSetting: string | null;
};

const none: AvoidedBy = { setting: "none", value: null, account: null };
/** Asking more often than that costs more calls than it tells orders. */
const pollSecondsMin = 10;

/** All that the number was too high by: with less kept back, the second sale would still have found units to take. */
const buffer = ({ excessUnits }: OversellVerdict, { offer, second }: OversellFigures): AvoidedBy => {
  // A checkout takes what the ledger has: no listing's buffer keeps it back.
  if (offer === null || offer.how === "ledger" || excessUnits === 0) return none;
  const units = offer.bufferUnits + Math.ceil(excessUnits / offer.unitsEach);
  return { setting: "policy.buffer", value: units, account: second.accountId };
};

/** So often orders must be read to have been in time; undefined: they are read as often, or no pace is fast enough. */
const pace = (late: Taking, figures: OversellFigures, telling: TellingAccount | undefined): AvoidedBy | undefined => {
  const seconds = Math.floor((figures.second.soldAtMs - late.soldAtMs) / 2_000);
  if (telling === undefined || seconds < pollSecondsMin || telling.ordersEveryMs <= seconds * 1_000) return undefined;
  return { setting: "poll.orders_seconds", value: seconds, account: late.accountId };
};

/**
 * The setting that would have avoided an oversell. A buffer is the smallest that would have covered what was sold unseen;
 * a pace of polls leaves half of the time for the rest. Pure.
 */
export const avoidedBy = (
  verdict: OversellVerdict,
  figures: OversellFigures,
  telling: TellingAccount | undefined,
): AvoidedBy => {
  const account = figures.second.accountId;
  const late = [...figures.before, figures.second].find(({ movementId }) => movementId === verdict.movementId);
  switch (verdict.what) {
    case "polled":
      if (late !== undefined && telling?.messagesSetting != null)
        return { setting: telling.messagesSetting, value: null, account: late.accountId };
      return (late && pace(late, figures, telling)) ?? buffer(verdict, figures);
    case "message-lost":
      return (late && pace(late, figures, telling)) ?? buffer(verdict, figures);
    case "account-not-live":
      return { setting: "account.state", value: "live", account };
    case "hold":
      return { setting: "hold.kind", value: "zero", account };
    case "parked":
      return { setting: "listing.link", value: null, account: late?.accountId ?? null };
    case "counts":
      return { setting: "policy.counts", value: "available", account };
    case "locations":
      return { setting: "account.locations", value: null, account };
    case "margin-off":
      return { setting: "sales_margin", value: "measured", account };
    case "by-hand":
      return late?.actor === "drift:policy" || figures.last.actor === "drift:policy"
        ? { setting: "audit.drifts", value: "ask", account: null }
        : none;
    case "restored":
    case "listing-edit":
    case "sold-past-number":
    case "unexplained":
      return none;
    default:
      return buffer(verdict, figures);
  }
};
