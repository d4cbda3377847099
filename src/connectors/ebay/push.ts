import type { Json } from "../../core/digest.ts";
import { ChannelError } from "../../core/failure.ts";
import type { ListingWrite, PushOutcome } from "../connector.ts";
import type { EbayClient } from "./client.ts";
import { ListingDetails } from "./details.ts";
import { hasStatus, headerOf } from "./failures.ts";
import { outcomeOf, type QuantityRequest } from "./push-outcome.ts";
import { BulkPriceQuantity } from "./schemas.ts";

const pushTimeoutMs = 20_000;

/**
 * Sets the quantity of every listing on the item AND on all its published offers: buyers see the smaller of the two,
 * so either alone may have no effect (§5.1). eBay has no compare-and-set and no idempotency key; a lost answer is
 * therefore `unknown` per listing, never a second try. Throws `ChannelError` only when nothing was written
 * (throttled, auth, refused before it was sent).
 */
export const pushQuantities = async (
  batch: readonly ListingWrite[],
  client: EbayClient,
  signal: AbortSignal,
): Promise<readonly PushOutcome[]> => {
  const planned = batch.map(plan);
  const refused = planned.filter((entry) => "status" in entry);
  const requests = planned.filter((entry) => "sku" in entry);
  return [...refused, ...(requests.length === 0 ? [] : await send(requests, client, signal))];
};

const plan = ({ ref, details, units }: ListingWrite): QuantityRequest | PushOutcome => {
  const parsed = ListingDetails.safeParse(details);
  if (!parsed.success) {
    return { ref, status: "refused", retry: "never", reason: "the listing's details cannot be read; import it again" };
  }
  if (parsed.data.lane === "rest") return { ref, sku: parsed.data.sku, offerIds: parsed.data.offerIds, units };
  const reason =
    "no published fixed-price offer of the Inventory API stands behind this SKU, and listings made by other means cannot be written yet; publish an offer and import the listings again";
  return { ref, status: "refused", retry: "never", reason };
};

const send = async (
  requests: readonly QuantityRequest[],
  client: EbayClient,
  signal: AbortSignal,
): Promise<readonly PushOutcome[]> => {
  try {
    const answer = await client(
      {
        method: "POST",
        path: "/sell/inventory/v1/bulk_update_price_quantity",
        body: bodyOf(requests),
        quota: "inventory",
        repeatable: false,
        timeoutMs: pushTimeoutMs,
      },
      signal,
    );
    const parsed = BulkPriceQuantity.safeParse(answer.body);
    if (!parsed.success) return allUnknown(requests, `eBay's answer (${answer.status}) cannot be read`);
    const receipt = headerOf(answer.headers, "rlogid") ?? null;
    return requests.map((request) => outcomeOf(request, parsed.data.responses, receipt));
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    if (error.ambiguous) return allUnknown(requests, error.message);
    if (error.kind === "permanent" && hasStatus(error, 400)) return isolate(requests, error, client, signal);
    throw error;
  }
};

/**
 * The whole request was turned down (a malformed SKU, say) and nothing of it was written. Halving it finds the row at
 * fault and lets the others through. Once a half has been sent, a throttle or dead token must no longer be thrown:
 * the outcomes already known would be lost with it, so the rest is refused for now.
 */
const isolate = async (
  requests: readonly QuantityRequest[],
  error: ChannelError,
  client: EbayClient,
  signal: AbortSignal,
): Promise<readonly PushOutcome[]> => {
  if (requests.length === 1) return allRefused(requests, "never", error.message);
  const middle = Math.ceil(requests.length / 2);
  const first = await send(requests.slice(0, middle), client, signal);
  const second = requests.slice(middle);
  try {
    return [...first, ...(await send(second, client, signal))];
  } catch (late) {
    if (!(late instanceof ChannelError)) throw late;
    return [...first, ...allRefused(second, "later", late.message)];
  }
};

const bodyOf = (requests: readonly QuantityRequest[]): Json => ({
  requests: requests.map(({ sku, offerIds, units }) => ({
    sku,
    shipToLocationAvailability: { quantity: units },
    offers: offerIds.map((offerId) => ({ offerId, availableQuantity: units })),
  })),
});

const allUnknown = (requests: readonly QuantityRequest[], reason: string): readonly PushOutcome[] =>
  requests.map(({ ref }) => ({ ref, status: "unknown", reason }));

const allRefused = (
  requests: readonly QuantityRequest[],
  retry: "later" | "never",
  reason: string,
): readonly PushOutcome[] => requests.map(({ ref }) => ({ ref, status: "refused", retry, reason }));
