import type { Json } from "../../core/digest.ts";
import { ChannelError } from "../../core/failure.ts";
import type { PushOutcome } from "../connector.ts";
import type { EbayClient } from "./client.ts";
import { hasStatus, headerOf } from "./failures.ts";
import { lookAgain } from "./look-again.ts";
import { liveOffersOf } from "./offers.ts";
import { namesGone, outcomeOf, type QuantityRequest } from "./push-outcome.ts";
import { BulkPriceQuantity } from "./schemas.ts";

const pushTimeoutMs = 20_000;

/**
 * Sets the quantity of every listing on the item AND on all its published offers: buyers see the smaller of the two,
 * so either alone may have no effect (§5.1). eBay has no compare-and-set and no idempotency key; a lost answer is
 * therefore `unknown` per listing, never a second try. What was sold since it was read is a `conflict`. Throws `ChannelError` only when nothing was written
 * (throttled, auth, refused before it was sent).
 */
export const pushRest = async (
  requests: readonly QuantityRequest[],
  client: EbayClient,
  signal: AbortSignal,
): Promise<readonly PushOutcome[]> => {
  const sold = await lookAgain(requests, client, signal);
  const unsold = requests.filter(({ ref }) => !sold.has(ref));
  if (unsold.length === 0) return [...sold.values()];
  return [...sold.values(), ...(await pushAll(unsold, client, signal))];
};

const pushAll = async (
  requests: readonly QuantityRequest[],
  client: EbayClient,
  signal: AbortSignal,
): Promise<readonly PushOutcome[]> => {
  const first = await send(requests, client, signal);
  const moved = await Promise.all(first.gone.map((request) => offersNow(request, client, signal)));
  const again = moved.filter((request) => request !== undefined);
  if (again.length === 0) return first.outcomes;
  try {
    const second = await send(again, client, signal);
    const refs = new Set(again.map(({ ref }) => ref));
    return [...first.outcomes.filter(({ ref }) => !refs.has(ref)), ...second.outcomes];
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return first.outcomes; // They were refused, and that still holds.
  }
};

/**
 * An offer that was withdrawn and published anew has another id: one look instead of waiting for the next import (§6).
 * Undefined: nothing newer is known, and the refusal stands.
 */
const offersNow = async (
  request: QuantityRequest,
  client: EbayClient,
  signal: AbortSignal,
): Promise<QuantityRequest | undefined> => {
  try {
    const offerIds = (await liveOffersOf(request.sku, client, signal)).map(({ offerId }) => offerId);
    const same = offerIds.length === request.offerIds.length && offerIds.every((id) => request.offerIds.includes(id));
    return same || offerIds.length === 0 ? undefined : { ...request, offerIds };
  } catch (error) {
    if (error instanceof ChannelError) return undefined;
    throw error;
  }
};

/** `gone`: refused, because eBay does not know an offer or item that we named. */
type Sent = { readonly outcomes: readonly PushOutcome[]; readonly gone: readonly QuantityRequest[] };

const send = async (requests: readonly QuantityRequest[], client: EbayClient, signal: AbortSignal): Promise<Sent> => {
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
    const { responses: rows } = parsed.data;
    const receipt = headerOf(answer.headers, "rlogid") ?? null;
    const judged = requests.map((request) => ({ request, outcome: outcomeOf(request, rows, receipt) }));
    return {
      outcomes: judged.map(({ outcome }) => outcome),
      gone: judged.flatMap(({ request, outcome }) =>
        outcome.status === "refused" && namesGone(request, rows) ? [request] : [],
      ),
    };
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
): Promise<Sent> => {
  if (requests.length === 1) return { outcomes: allRefused(requests, "never", error.message), gone: [] };
  const middle = Math.ceil(requests.length / 2);
  const first = await send(requests.slice(0, middle), client, signal);
  const second = requests.slice(middle);
  try {
    const { outcomes, gone } = await send(second, client, signal);
    return { outcomes: [...first.outcomes, ...outcomes], gone: [...first.gone, ...gone] };
  } catch (late) {
    if (!(late instanceof ChannelError)) throw late;
    return { ...first, outcomes: [...first.outcomes, ...allRefused(second, "later", late.message)] };
  }
};

const bodyOf = (requests: readonly QuantityRequest[]): Json => ({
  requests: requests.map(({ sku, offerIds, units }) => ({
    sku,
    shipToLocationAvailability: { quantity: units },
    offers: offerIds.map((offerId) => ({ offerId, availableQuantity: units })),
  })),
});

const allUnknown = (requests: readonly QuantityRequest[], reason: string): Sent => ({
  outcomes: requests.map(({ ref }) => ({ ref, status: "unknown", reason })),
  gone: [],
});

const allRefused = (
  requests: readonly QuantityRequest[],
  retry: "later" | "never",
  reason: string,
): readonly PushOutcome[] => requests.map(({ ref }) => ({ ref, status: "refused", retry, reason }));
