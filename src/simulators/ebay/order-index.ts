import type { Order } from "./orders.ts";

type Row = { readonly atMs: number; readonly order: Order };

/** Orders in the sequence of one of their times. Windows are cut out by binary search, never by reading everything. */
export class OrderIndex {
  readonly #rows: Row[] = [];

  add(atMs: number, order: Order): void {
    // After its equals: the sequence of arrival breaks ties. Nearly always at the very end.
    this.#rows.splice(this.#firstAfter(atMs), 0, { atMs, order });
  }

  move(fromMs: number, toMs: number, order: Order): void {
    for (let at = this.#firstAfter(fromMs) - 1; at >= 0; at -= 1) {
      const row = this.#rows[at];
      if (row === undefined || row.atMs !== fromMs) break;
      if (row.order !== order) continue;
      this.#rows.splice(at, 1);
      break;
    }
    this.add(toMs, order);
  }

  /** Both ends inclusive: the bounds of the matching rows, for `slice`. */
  bounds(fromMs: number, toMs: number): { readonly start: number; readonly end: number } {
    const start = this.#firstAfter(fromMs - 1);
    return { start, end: Math.max(start, this.#firstAfter(toMs)) };
  }

  slice(start: number, end: number): readonly Order[] {
    return this.#rows.slice(start, end).map(({ order }) => order);
  }

  #firstAfter(atMs: number): number {
    let low = 0;
    let high = this.#rows.length;
    if ((this.#rows[high - 1]?.atMs ?? Number.NEGATIVE_INFINITY) <= atMs) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#rows[middle]?.atMs ?? Number.POSITIVE_INFINITY) <= atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
