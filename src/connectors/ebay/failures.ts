import type { AxiosResponse } from "axios";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { ChannelError, type ChannelErrorOptions, type FailureKind } from "../../core/failure.ts";
import type { Random } from "../../core/random.ts";
import type { Classify } from "../http.ts";
import { tradingFailureOf } from "./trading-errors.ts";

/** One entry of eBay's `errors`; also found in the rows of bulk answers. */
export const EbayError = z.object({
  errorId: z.number().int(),
  category: z.string().optional(),
  message: z.string().optional(),
  longMessage: z.string().optional(),
  parameters: z.array(z.object({ name: z.string().optional(), value: z.string().optional() })).optional(),
});
export type EbayError = z.infer<typeof EbayError>;

/** A `ChannelError` that also remembers the answer's status: here, and only here, 400 and 404 may mean something. */
class EbayFailure extends ChannelError {
  readonly status: number;
  constructor(status: number, options: ChannelErrorOptions) {
    super(options);
    this.status = status;
  }
}

export const hasStatus = (error: unknown, ...statuses: readonly number[]): boolean =>
  error instanceof EbayFailure && statuses.includes(error.status);

const ErrorsBody = z.object({ errors: z.array(EbayError).min(1) });
/** The OAuth endpoint's own shape; it also answers with the one above, for instance on 429. */
const OAuthBody = z.object({ error: z.string(), error_description: z.string().optional() });

const sentenceMax = 400;

/** For people: the code first, then what eBay says, then the parameters, without which 25002 says nothing. */
export const describeErrors = (errors: readonly EbayError[]): string =>
  errors
    .map((error) => {
      const named = (error.parameters ?? []).map(({ name, value }) => `${name ?? "?"}=${value ?? "?"}`).join(", ");
      const said = error.longMessage ?? error.message ?? "no message";
      return `${error.errorId}: ${said}${named === "" ? "" : ` (${named})`}`;
    })
    .join("; ")
    .slice(0, sentenceMax);

/**
 * Turns an answer that is no success into one of the five kinds. eBay documents no Retry-After for 429; it is honoured
 * when there is one, and left undefined otherwise (`waitAfter429Ms`).
 */
export const createClassify =
  (clock: Clock): Classify =>
  (response) => {
    const trading = tradingFailureOf(response.data);
    if (trading !== undefined) return new EbayFailure(response.status, trading);
    if (response.status < 300) return undefined;
    const errors = ErrorsBody.safeParse(response.data).data?.errors ?? [];
    const oauth = OAuthBody.safeParse(response.data).data;
    const kind = kindOf(response.status, errors, oauth?.error);
    const waitMs = retryAfterMs(headerOf(response.headers, "retry-after"), clock);
    const requestId = headerOf(response.headers, "rlogid");
    const channelCode = errors[0]?.errorId.toString() ?? oauth?.error;
    const said = errors.length > 0 ? describeErrors(errors) : (oauth?.error_description ?? "").slice(0, sentenceMax);
    return new EbayFailure(response.status, {
      kind,
      message: `eBay answered ${response.status} ${oauth?.error ?? ""} ${said}`.trim(),
      ...(kind === "throttled" && waitMs !== undefined && { retryAfterMs: waitMs }),
      ...(channelCode !== undefined && { channelCode }),
      ...(requestId !== undefined && { requestId }),
    });
  };

/** 403 with 1100 is Sell Inventory's second way to say "token expired"; the same body means a missing scope (§1). */
const kindOf = (status: number, errors: readonly EbayError[], oauthError: string | undefined): FailureKind => {
  const has = (errorId: number): boolean => errors.some((error) => error.errorId === errorId);
  if (status === 429 || has(2001)) return "throttled";
  if (status === 401 || (status === 403 && has(1100)) || isDeadGrant(oauthError)) return "auth";
  // Of category APPLICATION: eBay's own trouble, whatever the status. 25025: concurrent access to the SKU or listing;
  // nothing was done, and it passes (§4).
  const isTheirs = errors.some(({ category }) => category === "APPLICATION");
  if (status >= 500 || status === 408 || isTheirs || has(25001) || has(25025)) return "retryable";
  return status === 409 ? "conflict" : "permanent";
};

/** A refused grant is the merchant's to mend (password changed, access revoked, 18 months over); retrying is useless. */
const isDeadGrant = (error: string | undefined): boolean =>
  ["invalid_grant", "invalid_client", "invalid_scope", "unauthorized_client"].includes(error ?? "");

const retryAfterMsMax = 24 * 60 * 60 * 1000;

/** The first wait when eBay names none (bursts are counted over seconds): short, and spread so that accounts throttled together do not return together. */
export const waitAfter429Ms = (error: ChannelError, random: Random): number =>
  error.retryAfterMs ?? Math.round(150 + random() * 350);

/** Both forms of Retry-After, seconds and HTTP date, within a second and a day; undefined when absent or unreadable. */
const retryAfterMs = (header: string | undefined, clock: Clock): number | undefined => {
  if (header === undefined) return undefined;
  const waitMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - clock.now();
  return Number.isNaN(waitMs) ? undefined : Math.min(retryAfterMsMax, Math.max(1_000, waitMs));
};

/** Header names arrive in lower case; a header that is no single text is as good as absent. */
export const headerOf = (headers: AxiosResponse["headers"], name: string): string | undefined => {
  const value: unknown = headers[name];
  return typeof value === "string" ? value : undefined;
};

/** An answer with a good status that we cannot read: the channel's fault, and worth another try. */
export const unreadable = (what: string, error: z.ZodError): ChannelError =>
  new ChannelError({
    kind: "retryable",
    message: `eBay's ${what} cannot be read: ${z.prettifyError(error)}`.slice(0, sentenceMax),
  });
