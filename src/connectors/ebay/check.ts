import { ChannelError } from "../../core/failure.ts";
import type { CheckFinding } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { EbayAnswer, EbayCall, EbayClient } from "./client.ts";
import { headerOf } from "./failures.ts";
import { readOutOfStockControl } from "./out-of-stock.ts";
import { readRemaining } from "./rate-limits.ts";
import type { Trading } from "./trading.ts";

const skewMsMax = 30_000;
/** Below this share of the day's calls left, somebody should look before it runs out. */
const lowShare = 0.1;

type Checking = {
  readonly client: EbayClient;
  readonly trading: Trading;
  readonly clock: ConnectorDeps["clock"];
  readonly budget: ConnectorDeps["budget"];
  readonly signal: AbortSignal;
};

/** Credentials, scopes, clock, quotas. Only reads; one finding each, a failure never hides the next. */
export const check = async (checking: Checking): Promise<readonly CheckFinding[]> => {
  return [
    ...(await checkScope("inventory", "/sell/inventory/v1/inventory_item", "sell.inventory", checking)),
    ...(await checkScope("orders", "/sell/fulfillment/v1/order", "sell.fulfillment", checking)),
    ...(await checkQuotas(checking)),
    await checkOutOfStock(checking),
  ];
};

/** With the preference off a quantity of 0 ends the listing, and re-publishing makes a new one (§5.3). */
const checkOutOfStock = async ({ trading, signal }: Checking): Promise<CheckFinding> => {
  const control = await attempt(() => readOutOfStockControl(trading, signal));
  const check = "out-of-stock control";
  if (control === "on") return { check, ok: true, detail: "on: a listing at 0 stays alive, hidden from buyers" };
  if (control === "off") {
    const detail = "off: a quantity of 0 would end the listing, so it is refused";
    return { check, ok: false, detail, fix: "My eBay → Site Preferences: switch the out-of-stock option on." };
  }
  const why = control instanceof ChannelError ? control.message : "eBay does not say";
  const fix = "See in My eBay → Site Preferences that the out-of-stock option is on; without it a 0 ends the listing.";
  return { check, ok: false, detail: `cannot be read: ${why}`, fix };
};

const checkScope = async (
  name: string,
  path: string,
  scope: string,
  { client, clock, signal }: Checking,
): Promise<readonly CheckFinding[]> => {
  const quota = name === "orders" ? "fulfillment" : "inventory";
  const call: EbayCall = { method: "GET", path, query: { limit: "1", offset: "0" }, quota, repeatable: true };
  const answer = await attempt(() => client(call, signal));
  if (answer instanceof ChannelError) {
    const fix =
      answer.kind === "auth"
        ? `Let the seller consent again, with the scope ${scope}, and store the new refresh token.`
        : "Try again; if it stays, look the code up in eBay's documentation.";
    return [{ check: name, ok: false, detail: answer.message, fix }];
  }
  const readable = { check: name, ok: true, detail: `readable with the seller's token (${scope})` };
  return name === "orders" ? [readable, ...clockFinding(answer, clock.now())] : [readable];
};

/** A clock ahead of eBay's asks for orders of the future, which eBay refuses with 30850. */
const clockFinding = (answer: EbayAnswer, nowMs: number): readonly CheckFinding[] => {
  const theirsMs = Date.parse(headerOf(answer.headers, "date") ?? "");
  if (Number.isNaN(theirsMs)) return [];
  const skewMs = nowMs - theirsMs;
  const ok = Math.abs(skewMs) <= skewMsMax;
  const detail = `our clock differs from eBay's by about ${Math.round(skewMs / 1000)} s`;
  return [{ check: "clock", ok, detail, ...(!ok && { fix: "Synchronise this machine's clock (NTP)." }) }];
};

const checkQuotas = async ({ client, budget, signal }: Checking): Promise<readonly CheckFinding[]> => {
  const findings: CheckFinding[] = [];
  for (const quota of ["inventory", "fulfillment"] as const) {
    const seen = await attempt(() => readRemaining(quota, client, budget, signal));
    if (seen instanceof ChannelError || seen === undefined) {
      findings.push({ check: `quota ${quota}`, ok: true, detail: "eBay does not tell it" });
      continue;
    }
    const ok = seen.remaining > seen.limit * lowShare;
    const detail = `${seen.remaining} of ${seen.limit} calls left today, for all accounts of this application`;
    findings.push({
      check: `quota ${quota}`,
      ok,
      detail,
      ...(!ok && { fix: "Lower the audit's rate, or apply for a higher limit (Application Growth Check)." }),
    });
  }
  return findings;
};

const attempt = async <Value>(work: () => Promise<Value>): Promise<Value | ChannelError> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ChannelError) return error;
    throw error;
  }
};
