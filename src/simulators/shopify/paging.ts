import { z } from "zod";
import { refusal } from "./refusals.ts";
import type { Arguments, View } from "./views.ts";

const pageSizeMax = 250;

const PageArguments = z.object({
  first: z.number().nullish(),
  last: z.number().nullish(),
  after: z.string().nullish(),
  before: z.string().nullish(),
  reverse: z.boolean().nullish(),
});

type Scan = {
  /** Exclusive: only items beyond this key, in the scan's direction; null = from the end where the scan starts. */
  readonly from: number | null;
  /** Exclusive end. */
  readonly to: number | null;
  readonly descending: boolean;
};

/** Items with a stable, ascending key each: a page goes on where the last one ended, whatever was added meanwhile. */
export type Source<Item> = {
  readonly scan: (scan: Scan) => Iterable<Item>;
  readonly keyOf: (item: Item) => number;
  readonly idOf: (item: Item) => string;
};

/** A source over a list that is already in the order of its keys. */
export const listSource = <Item>(
  items: readonly Item[],
  keyOf: (item: Item) => number,
  idOf: (item: Item) => string,
): Source<Item> => ({
  keyOf,
  idOf,
  *scan({ from, to, descending }) {
    for (const item of descending ? items.toReversed() : items) {
      const key = keyOf(item);
      if (from !== null && (descending ? key >= from : key <= from)) continue;
      if (to !== null && (descending ? key <= to : key >= to)) return;
      yield item;
    }
  },
});

/** One page as a connection view: `nodes`, `edges` and `pageInfo`. Refuses pages of no, two or more than 250 sides. */
export const connection = <Item>(
  typename: string,
  args: Arguments,
  source: Source<Item>,
  show: (item: Item) => View,
): View => {
  const { first, last, after, before, reverse } = PageArguments.parse(args);
  const size = sizeOf(first ?? null, last ?? null);
  const fromEnd = first === null || first === undefined;
  const descending = (reverse ?? false) !== fromEnd;
  const start = cursorKey(fromEnd ? before : after);
  const scan = source.scan({ from: start, to: cursorKey(fromEnd ? after : before), descending });
  const page: Item[] = [];
  let more = false;
  for (const item of scan) {
    if (page.length === size) {
      more = true;
      break;
    }
    page.push(item);
  }
  if (fromEnd) page.reverse();
  const cursor = (item: Item): string => cursorOf(source.keyOf(item), source.idOf(item));
  const [head, tail] = [page[0], page.at(-1)];
  return {
    __typename: `${typename}Connection`,
    nodes: () => page.map(show),
    edges: () => page.map((item) => ({ cursor: cursor(item), node: show(item) })),
    pageInfo: {
      hasNextPage: fromEnd ? start !== null : more,
      hasPreviousPage: fromEnd ? more : start !== null,
      startCursor: head === undefined ? null : cursor(head),
      endCursor: tail === undefined ? null : cursor(tail),
    },
  };
};

const sizeOf = (first: number | null, last: number | null): number => {
  if (first !== null && last !== null) throw refusal("BAD_REQUEST", "providing both first and last is not supported");
  const size = first ?? last;
  if (size === null) throw refusal("BAD_REQUEST", "you must provide one of first or last");
  const name = first === null ? "last" : "first";
  if (size < 1) throw refusal("BAD_REQUEST", `${name} must be a positive number`);
  if (size > pageSizeMax) throw refusal("BAD_REQUEST", `${name} cannot exceed ${pageSizeMax}`);
  return size;
};

const cursorOf = (key: number, id: string): string =>
  Buffer.from(`{"last_id":${id},"last_value":"${key}"}`, "utf8").toString("base64");

const cursorKey = (cursor: string | null | undefined): number | null => {
  if (cursor === null || cursor === undefined) return null;
  const match = /^\{"last_id":\d+,"last_value":"(\d+)"\}$/.exec(Buffer.from(cursor, "base64").toString("utf8"));
  if (match?.[1] === undefined) throw refusal("BAD_REQUEST", "Invalid cursor for current pagination sort.");
  return Number(match[1]);
};
