import { notSimulated, refusal } from "./refusals.ts";
import { wholeSeconds } from "./times.ts";
import type { Execution } from "./views.ts";

type Comparison = ":" | ">" | ">=" | "<" | "<=";
export type Term = { readonly field: string; readonly comparison: Comparison; readonly value: string };

/** `updated_at:>='2026-11-20T10:15:01Z' sku:A-1 AND status:any`: terms that must all hold. */
export const parseSearch = (query: string): readonly Term[] => {
  const terms: Term[] = [];
  const pattern = /\s*(?:AND\s+)?([a-z_]+):(>=|<=|>|<)?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s()'"]+))/gy;
  const text = query.trimEnd();
  while (pattern.lastIndex < text.length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw notSimulated(`the search syntax of ${JSON.stringify(text.slice(from))}`);
    const quoted = match[3] ?? match[4];
    const value = quoted === undefined ? (match[5] ?? "") : quoted.replaceAll(/\\(.)/g, "$1");
    terms.push({ field: match[1] ?? "", comparison: comparisonOf(match[2]), value });
  }
  return terms;
};

const comparisonOf = (text: string | undefined): Comparison =>
  text === ">" || text === ">=" || text === "<" || text === "<=" ? text : ":";

export type Predicate<Item> = (item: Item) => boolean;
/** Search fields a connection knows; anything else fails open, as on the channel. */
export type SearchFields<Item> = Readonly<Record<string, (term: Term) => Predicate<Item>>>;

/** The predicate of a query. Unknown fields match everything and leave a warning in `extensions.search` (document §5). */
export const searchPredicate = <Item>(
  terms: readonly Term[],
  fields: SearchFields<Item>,
  context: { readonly query: string; readonly path: readonly (string | number)[]; readonly execution: Execution },
): Predicate<Item> => {
  const predicates: Predicate<Item>[] = [];
  for (const term of terms) {
    const known = Object.hasOwn(fields, term.field) ? fields[term.field] : undefined;
    if (known !== undefined) predicates.push(known(term));
    else {
      context.execution.searches.push({
        path: context.path,
        query: context.query,
        parsed: { field: term.field, match_all: term.value },
        warnings: [{ field: term.field, message: "Invalid search field for this query.", code: "invalid_field" }],
      });
      context.execution.complain(`search field ${term.field} is unknown: it matches everything`);
    }
  }
  return (item) => predicates.every((holds) => holds(item));
};

/** Smallest whole second (epoch milliseconds) that satisfies a lower bound; undefined when the term sets none. */
export const lowerBoundMs = (term: Term): number | undefined => {
  const boundMs = timestampOf(term);
  if (term.comparison === ">=") return Math.ceil(boundMs / 1000) * 1000;
  return term.comparison === ">" ? wholeSeconds(boundMs) + 1000 : undefined;
};

/** Compares with second precision, the precision in which the channel shows times. */
export const byTime =
  <Item>(timeOf: (item: Item) => number) =>
  (term: Term): Predicate<Item> => {
    const boundMs = timestampOf(term);
    return (item) => compares(wholeSeconds(timeOf(item)) - boundMs, term.comparison);
  };

export const byNumber =
  <Item>(numberOf: (item: Item) => string) =>
  (term: Term): Predicate<Item> => {
    if (!/^\d+$/.test(term.value)) return () => false;
    const bound = BigInt(term.value);
    return (item) => {
      const value = BigInt(numberOf(item));
      return compares(value < bound ? -1 : value > bound ? 1 : 0, term.comparison);
    };
  };

/** Whole values, without regard to case: a search never tells `abc` from `ABC`. */
export const byText =
  <Item>(textOf: (item: Item) => string) =>
  (term: Term): Predicate<Item> => {
    const wanted = term.value.toLowerCase();
    return (item) => textOf(item).toLowerCase() === wanted;
  };

const timestampOf = (term: Term): number => {
  const boundMs = Date.parse(term.value);
  if (Number.isNaN(boundMs)) throw refusal("BAD_REQUEST", `Invalid timestamp for query filter \`${term.field}\`.`);
  return boundMs;
};

const compares = (difference: number, comparison: Comparison): boolean => {
  switch (comparison) {
    case ":":
      return difference === 0;
    case ">":
      return difference > 0;
    case ">=":
      return difference >= 0;
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    default:
      throw new TypeError(`unknown comparison ${String(comparison satisfies never)}`);
  }
};
