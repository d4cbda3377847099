/** First in, first out for each caller; one of each in turn between callers, so that nobody's thousand lines starve another's one. */
export interface FairQueue<Item> {
  readonly length: number;
  /** False when the queue, or this caller's share of it, is full. */
  push(caller: string, item: Item): boolean;
  /** Up to `itemsMax`, one of each caller in turn. */
  take(itemsMax: number): readonly Item[];
}

type Line<Item> = { readonly caller: string; items: Item[]; next: number };

export const createFairQueue = <Item>(limits: {
  readonly itemsMax: number;
  readonly itemsMaxPerCaller: number;
}): FairQueue<Item> => {
  const lines = new Map<string, Line<Item>>();
  let turns: Line<Item>[] = [];
  let length = 0;
  return {
    get length() {
      return length;
    },
    push: (caller, item) => {
      let line = lines.get(caller);
      const own = line === undefined ? 0 : line.items.length - line.next;
      if (length >= limits.itemsMax || own >= limits.itemsMaxPerCaller) return false;
      if (line === undefined) {
        line = { caller, items: [], next: 0 };
        lines.set(caller, line);
        turns.push(line);
      }
      line.items.push(item);
      length += 1;
      return true;
    },
    take: (itemsMax) => {
      const taken: Item[] = [];
      // Whoever's turn the batch ended before comes first in the next one.
      let turn = 0;
      while (taken.length < itemsMax && turns.length > 0) {
        if (turn >= turns.length) {
          turns = turns.filter((line) => line.next < line.items.length);
          turn = 0;
          continue;
        }
        const line = turns[turn] as Line<Item>;
        if (line.next < line.items.length) {
          taken.push(line.items[line.next] as Item);
          line.next += 1;
        }
        if (line.next === line.items.length) lines.delete(line.caller);
        turn += 1;
      }
      turns = [...turns.slice(turn), ...turns.slice(0, turn)].filter((line) => line.next < line.items.length);
      for (const line of turns) {
        line.items = line.items.slice(line.next);
        line.next = 0;
      }
      length -= taken.length;
      return taken;
    },
  };
};
