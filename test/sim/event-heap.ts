type Event = { readonly atMs: number; readonly order: number; readonly run: () => void };

const isBefore = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** A binary heap of what is to happen: earliest first, and of the same moment in the order of asking. */
export class EventHeap {
  readonly #events: Event[] = [];
  #asked = 0;

  push(atMs: number, run: () => void): void {
    const event = { atMs, order: (this.#asked += 1), run };
    let index = this.#events.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#events[parent] as Event;
      if (!isBefore(event, above)) break;
      this.#events[index] = above;
      index = parent;
    }
    this.#events[index] = event;
  }

  /** The earliest event not after `untilMs`. */
  pop(untilMs: number): Event | undefined {
    const [first] = this.#events;
    if (first === undefined || first.atMs > untilMs) return undefined;
    const last = this.#events.pop() as Event;
    if (this.#events.length > 0) this.#sink(last);
    return first;
  }

  #sink(event: Event): void {
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.#events.length) break;
      const right = this.#events[child + 1];
      if (right !== undefined && isBefore(right, this.#events[child] as Event)) child += 1;
      const below = this.#events[child] as Event;
      if (!isBefore(below, event)) break;
      this.#events[index] = below;
      index = child;
    }
    this.#events[index] = event;
  }
}
