const wholeNumber = (text: string | null, fallback: number): number | undefined => {
  if (text === null) return fallback;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
};

/** `limit` and `offset` as whole numbers; `undefined` where one is out of bounds. */
export const limitAndOffset = (
  query: URLSearchParams,
  bounds: { readonly limitDefault: number; readonly limitMax: number },
): { readonly limit: number | undefined; readonly offset: number | undefined } => {
  const limit = wholeNumber(query.get("limit"), bounds.limitDefault);
  return {
    limit: limit !== undefined && limit >= 1 && limit <= bounds.limitMax ? limit : undefined,
    offset: wholeNumber(query.get("offset"), 0),
  };
};

/** Sell Inventory's paging: `offset` counts PAGES (channel document §6). */
export const pageNumbers = (
  query: URLSearchParams,
  bounds: { readonly limitDefault: number; readonly limitMax: number },
): { readonly limit: number; readonly page: number } | undefined => {
  const { limit, offset } = limitAndOffset(query, bounds);
  return limit === undefined || offset === undefined ? undefined : { limit, page: offset };
};

/** A page of rows, or `undefined` for a page behind the last: who counts records instead of pages shall see it. */
export const cutPage = <Row>(
  rows: readonly Row[],
  at: { readonly limit: number; readonly page: number },
): { readonly rows: readonly Row[]; readonly total: number; readonly pages: number } | undefined => {
  const pages = Math.ceil(rows.length / at.limit);
  if (at.page > 0 && at.page >= pages) return undefined;
  return { rows: rows.slice(at.page * at.limit, (at.page + 1) * at.limit), total: rows.length, pages };
};
