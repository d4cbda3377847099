/** A sale of one SKU as the ledger learned of it. Units of the SKU, ≥ 0. */
export type PastSale = { readonly units: number; readonly atMs: number };

/** How a SKU sells just now, from its last sales. */
export type SalesPace = {
  /** The most units that any stretch of the window's length has taken; 0 = never sold. */
  readonly burstUnits: number;
  /** Epoch ms from which it counts as quiet, if nothing more is sold. */
  readonly quietAtMs: number;
};

/** A SKU counts as quiet after three of its usual gaps, but neither sooner than the least wait nor later than five of them. */
const gapsUntilQuiet = 3;
const quietWaitsMax = 5;
const gapsLookedAt = 10;

/**
 * What may be sold unseen while a number is on its way is measured, not guessed: the most that was ever sold within such
 * a time. Pure. `windowMs`: how long a sale may stay unseen. `quietMs`: the least time without a sale.
 */
export const salesPace = (
  sales: readonly PastSale[],
  times: { readonly windowMs: number; readonly quietMs: number },
): SalesPace => {
  const inOrder = sales.toSorted((a, b) => a.atMs - b.atMs);
  const last = inOrder.at(-1);
  if (last === undefined) return { burstUnits: 0, quietAtMs: 0 };
  let burstUnits = 0;
  let units = 0;
  let from = 0;
  for (const sale of inOrder) {
    units += sale.units;
    for (let oldest = inOrder[from]; oldest !== undefined && sale.atMs - oldest.atMs > times.windowMs; ) {
      units -= oldest.units;
      from += 1;
      oldest = inOrder[from];
    }
    burstUnits = Math.max(burstUnits, units);
  }
  const looked = inOrder.slice(-gapsLookedAt);
  const gapMs = looked.length < 2 ? 0 : (last.atMs - (looked[0]?.atMs ?? 0)) / (looked.length - 1);
  const waitMs = Math.min(quietWaitsMax * times.quietMs, Math.max(times.quietMs, gapsUntilQuiet * gapMs));
  return { burstUnits, quietAtMs: last.atMs + waitMs };
};
