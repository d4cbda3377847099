import type { Order } from "./orders.ts";

type Row = { readonly sequence: number; readonly updatedMs: number; readonly order: Order };

/**
 * Orders by update time. A change appends a row; older rows of the same order are skipped when read and dropped once they
 * are the majority, so "changed since" costs a binary search and what it returns.
 */
export class UpdateLog {
  #rows: Row[] = [];
  #sequence = 0;
  #live = 0;

  /** The order's update time is now; times never fall, which keeps the log sorted. */
  record(order: Order): void {
    if (order.logSequence === 0) this.#live += 1;
    this.#sequence += 1;
    order.logSequence = this.#sequence;
    this.#rows.push({ sequence: this.#sequence, updatedMs: order.updatedMs, order });
    if (this.#rows.length > 1_000 && this.#rows.length > 3 * this.#live) {
      this.#rows = this.#rows.filter((row) => row.order.logSequence === row.sequence);
    }
  }

  /** Orders whose log sequence lies beyond `afterSequence` and whose update time is at least `sinceMs`, oldest first. */
  *ascending(afterSequence: number, sinceMs: number): Generator<Order> {
    const start = this.#firstWhere((row) => row.sequence > afterSequence && row.updatedMs >= sinceMs);
    for (let index = start; index < this.#rows.length; index += 1) {
      const row = this.#rows[index];
      if (row !== undefined && row.order.logSequence === row.sequence) yield row.order;
    }
  }

  *descending(beforeSequence: number): Generator<Order> {
    for (let index = this.#firstWhere((row) => row.sequence >= beforeSequence) - 1; index >= 0; index -= 1) {
      const row = this.#rows[index];
      if (row !== undefined && row.order.logSequence === row.sequence) yield row.order;
    }
  }

  /** `holds` must be false up to some row and true from there on. */
  #firstWhere(holds: (row: Row) => boolean): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const row = this.#rows[middle];
      if (row !== undefined && holds(row)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
