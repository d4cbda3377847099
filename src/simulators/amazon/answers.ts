/** An SP-API answer before headers are put on. */
export type Answer = { readonly status: number; readonly body: unknown };

export const ok = (body: unknown, status = 200): Answer => ({ status, body });

/** The error envelope of every SP-API operation (channel document §4). */
export const refuse = (status: number, code: string, message: string, details = ""): Answer => ({
  status,
  body: { errors: [{ code, message, details }] },
});

export const invalidInput = (details: string): Answer => refuse(400, "InvalidInput", "Invalid Input", details);
export const notFound = (details: string): Answer => refuse(404, "NOT_FOUND", "Requested resource not found.", details);

/** Dead, foreign and powerless tokens all come as 403; `details` alone tells them apart (§1). */
export const denied = (details: string, code = "Unauthorized"): Answer =>
  refuse(403, code, "Access to requested resource is denied.", details);

export const quotaExceeded: Answer = refuse(
  429,
  "QuotaExceeded",
  "You exceeded your quota for the requested resource.",
);
export const internalFailure: Answer = refuse(
  500,
  "InternalFailure",
  "We encountered an internal error. Please try again.",
);
