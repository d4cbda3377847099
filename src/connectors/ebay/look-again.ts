import type { PushOutcome } from "../connector.ts";
import type { EbayClient } from "./client.ts";
import type { QuantityRequest } from "./push-outcome.ts";
import { itemsOf } from "./read.ts";

/**
 * eBay has no compare-and-set (§5.1), and reading a batch takes seconds, for each SKU's offers are a call of their own. A
 * sale in that time would be put back on sale by the number computed before it. One bulk call right before the write
 * shrinks the gap to a round trip: a listing whose item holds less by now than both what was read and what would be
 * written is not sent, and planned anew. Writing 0 puts nothing on sale and needs no look.
 *
 * Answers the outcomes of those that are not to be sent. Errors: `ChannelError`; nothing was written.
 */
export const lookAgain = async (
  requests: readonly QuantityRequest[],
  client: EbayClient,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PushOutcome>> => {
  const looked = requests.filter(({ units, expectedUnits }) => units > 0 && expectedUnits !== null);
  if (looked.length === 0) return new Map();
  const items = await itemsOf([...new Set(looked.map(({ sku }) => sku))], client, signal);
  return new Map(
    looked.flatMap(({ ref, sku, units, expectedUnits }) => {
      const now = items.get(sku)?.item?.availability?.shipToLocationAvailability?.quantity;
      if (now === undefined || now >= Math.min(units, expectedUnits ?? units)) return [];
      const reason = `${expectedUnits} were read and ${now} are left: sold meanwhile`;
      return [[ref, { ref, status: "conflict", reason }] as const];
    }),
  );
};
