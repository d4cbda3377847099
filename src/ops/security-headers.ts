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

/** On every answer. Nothing we serve may be framed, sniffed, cached by others, or load from elsewhere. */
export const securityHeaders = (settings: { readonly https: boolean }): MiddlewareHandler => {
  return async (c, next) => {
    await next();
    const headers = c.res.headers;
    headers.set("content-security-policy", policyFor(c.req.path));
    headers.set("x-content-type-options", "nosniff");
    headers.set("x-frame-options", "DENY");
    headers.set("referrer-policy", "no-referrer");
    headers.set("cross-origin-resource-policy", "same-origin");
    headers.set("cross-origin-opener-policy", "same-origin");
    headers.set("permissions-policy", "camera=(), geolocation=(), microphone=()");
    if (settings.https) headers.set("strict-transport-security", "max-age=31536000");
    // Stock figures, sessions and job data belong in no cache; the board's hashed scripts may stay in the browser's own.
    if (!headers.has("cache-control")) {
      headers.set(
        "cache-control",
        c.req.path.startsWith("/board/static/") && c.res.ok ? "private, max-age=86400" : "no-store",
      );
    }
  };
};
