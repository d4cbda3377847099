import type { MiddlewareHandler } from "hono";

const closed = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const pages =
  "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
// The board's own page carries a <style> element and styles its widgets from scripts; its web fonts stay blocked.
const board =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'";

const policyFor = (path: string): string => {
  if (path === "/board" || path.startsWith("/board/")) return board;
  if (path === "/login" || path === "/console" || path.startsWith("/console/")) return pages;
  return closed;
};

/** What every answer carries. Nothing we serve may be framed, sniffed, or load from elsewhere. */
export const securityHeadersOf = (path: string, settings: { readonly https: boolean }): Record<string, string> => ({
  "content-security-policy": policyFor(path),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  ...(settings.https ? { "strict-transport-security": "max-age=31536000" } : {}),
});

/** Stock figures, sessions and job data belong in no cache. */
export const uncached = "no-store";

export const securityHeaders = (settings: { readonly https: boolean }): MiddlewareHandler => {
  return async (c, next) => {
    await next();
    const headers = c.res.headers;
    for (const [name, value] of Object.entries(securityHeadersOf(c.req.path, settings))) headers.set(name, value);
    if (headers.has("cache-control")) return;
    // The board's hashed scripts may stay in the browser's own.
    const isStatic = c.req.path.startsWith("/board/static/") && c.res.ok;
    headers.set("cache-control", isStatic ? "private, max-age=86400" : uncached);
  };
};
