import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { PushOutcome } from "../connector.ts";
import type { Trading } from "./trading.ts";
import { describeTradingErrors, listOf, seriousOnes, TradingHead } from "./trading-errors.ts";
import type { XmlTree } from "./xml.ts";

/** A Trading listing as it is asked for in ReviseInventoryStatus. `sku` only for a variation. */
export type LegacyRequest = {
  readonly ref: string;
  readonly itemId: string;
  readonly sku: string | null;
  readonly units: number;
};

/** eBay takes no more in one call (§10). */
export const legacyBatchMax = 4;

const Revised = TradingHead.extend({
  InventoryStatus: listOf(
    z.object({ ItemID: z.string(), SKU: z.string().optional(), Quantity: z.coerce.number().optional() }),
  ),
});
type Revised = z.infer<typeof Revised>;

/**
 * ReviseInventoryStatus for up to four listings. Here Quantity is the number available, sold units not counted (§6).
 * Throws `ChannelError` only when nothing was written.
 */
export const pushLegacy = async (
  requests: readonly LegacyRequest[],
  trading: Trading,
  signal: AbortSignal,
): Promise<readonly PushOutcome[]> => {
  try {
    const answer = await trading(
      {
        name: "ReviseInventoryStatus",
        body: { InventoryStatus: requests.map(rowOf) },
        answer: Revised,
        quota: "tradingRevise",
        repeatable: false,
        timeoutMs: 20_000,
      },
      signal,
    );
    return requests.map((request) => legacyOutcome(request, answer));
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    const { message } = error;
    if (error.ambiguous) return requests.map(({ ref }) => ({ ref, status: "unknown", reason: message }));
    if (error.kind !== "permanent") throw error;
    if (requests.length === 1) return requests.map(({ ref }) => refusedFor(ref, message));
    return oneByOne(requests, trading, signal);
  }
};

/** All were turned down together: each alone tells which one it was. What is known by then must not be lost. */
const oneByOne = async (
  requests: readonly LegacyRequest[],
  trading: Trading,
  signal: AbortSignal,
): Promise<readonly PushOutcome[]> => {
  const outcomes: PushOutcome[] = [];
  for (const request of requests) {
    try {
      outcomes.push(...(await pushLegacy([request], trading, signal)));
    } catch (error) {
      if (!(error instanceof ChannelError) || outcomes.length === 0) throw error;
      outcomes.push({ ref: request.ref, status: "refused", retry: "later", reason: error.message });
    }
  }
  return outcomes;
};

const rowOf = ({ itemId, sku, units }: LegacyRequest): XmlTree => ({
  ItemID: itemId,
  ...(sku !== null && { SKU: sku }),
  Quantity: String(units),
});

/** eBay returns one InventoryStatus for each listing that was revised, and none for the others. */
export const legacyOutcome = (request: LegacyRequest, answer: Revised): PushOutcome => {
  const { ref, itemId, sku, units } = request;
  const echoed = answer.InventoryStatus.find((row) => row.ItemID === itemId && (sku === null || row.SKU === sku));
  if (echoed !== undefined) {
    return echoed.Quantity === undefined || echoed.Quantity === units
      ? { ref, status: "accepted", receipt: null }
      : { ref, status: "unknown", reason: `eBay says that it took ${echoed.Quantity}, not ${units}` };
  }
  const errors = seriousOnes(answer.Errors);
  if (answer.Ack === "PartialFailure" && errors.length > 0) {
    const own = errors.filter((error) => mentions(error, itemId));
    return refusedFor(ref, describeTradingErrors(own.length > 0 ? own : errors));
  }
  return { ref, status: "unknown", reason: "eBay's answer does not name this listing" };
};

const mentions = (error: z.infer<typeof TradingHead>["Errors"][number], itemId: string): boolean =>
  [error.LongMessage, ...(error.ErrorParameters ?? []).map(({ Value }) => Value)].some((said) =>
    said?.includes(itemId),
  );

const refusedFor = (ref: string, reason: string): PushOutcome => ({ ref, status: "refused", retry: "never", reason });
