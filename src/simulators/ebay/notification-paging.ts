import { type Answer, failed, notificationError } from "./answers.ts";
import type { Call } from "./gate.ts";

/** A page of the Notification interface: limit 10–100, and a continuation token in `next`. */
export const listPage = (call: Call, path: string, name: string, rows: readonly unknown[]): Answer => {
  const limitText = call.query.get("limit") ?? "20";
  const limit = Number(limitText);
  if (!/^\d{1,3}$/.test(limitText) || limit < 10 || limit > 100) {
    call.complain(`limit ${limitText}`);
    return failed(400, notificationError(195004, "Invalid limit. Supported ranges 10 - 100."));
  }
  const start = Number(call.query.get("continuation_token") ?? "0");
  if (!Number.isSafeInteger(start) || start < 0) {
    call.complain("continuation token that was never given");
    return failed(400, notificationError(195005, "Invalid continuation token."));
  }
  const href = `${call.origin}${path}?limit=${limit}`;
  const end = start + limit;
  return {
    status: 200,
    body: {
      href,
      limit,
      total: rows.length,
      [name]: rows.slice(start, end),
      ...(end < rows.length ? { next: `${href}&continuation_token=${end}` } : {}),
    },
  };
};
