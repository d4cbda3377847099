import { z } from "zod";
import { fingerprint } from "../../core/digest.ts";

/** What a page token says to the simulator itself; to the seller it is opaque. */
const Page = z.strictObject({
  /** Fingerprint of the filters, which must be sent again unchanged. */
  filters: z.string(),
  /** Where the next page begins. */
  at: z.number().int().min(0),
  /** The upper bound fixed with the first page, epoch ms. */
  beforeMs: z.number(),
  issuedAtMs: z.number(),
});
export type Page = z.infer<typeof Page>;

/** Of a query without the parameters that may differ between pages. */
export const filtersOf = (query: URLSearchParams, free: readonly string[]): string =>
  fingerprint([...query].filter(([name]) => !free.includes(name)).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

export const writePage = (page: Page): string => Buffer.from(JSON.stringify(page)).toString("base64");

/** undefined: not a token of ours, for other filters, or older than `lifeMs`. */
export const readPage = (
  token: string,
  expected: { readonly filters: string; readonly nowMs: number; readonly lifeMs: number },
): Page | undefined => {
  try {
    const page = Page.parse(JSON.parse(Buffer.from(token, "base64").toString("utf8")));
    return page.filters === expected.filters && expected.nowMs - page.issuedAtMs <= expected.lifeMs ? page : undefined;
  } catch {
    return undefined;
  }
};
