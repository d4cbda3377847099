/**
 * What a failed channel call lets the caller do. Assigned in each connector, judged once in `queue/judge.ts`.
 * - retryable: try again with backoff and jitter
 * - throttled: wait `retryAfterMs`; no attempt is spent
 * - permanent: a person must look (dead letter)
 * - auth: the account's credentials do not work; pause it, alert
 * - conflict: the channel's state moved; re-read and recompute
 */
export const failureKinds = ["retryable", "throttled", "permanent", "auth", "conflict"] as const;
export type FailureKind = (typeof failureKinds)[number];

export type ChannelErrorOptions = {
  readonly kind: FailureKind;
  readonly message: string;
  /** Only for `throttled`: how long the channel asked us to wait. */
  readonly retryAfterMs?: number;
  /** True when a write may have taken effect although no clear answer came back (timeout, reset, 5xx). */
  readonly ambiguous?: boolean;
  /** The channel's own code and request id, for support; never a token or a buyer's data. */
  readonly channelCode?: string;
  readonly requestId?: string;
  readonly cause?: unknown;
};

/** The only error a connector throws: the whole call failed. Results per listing are values, not errors. */
export class ChannelError extends Error {
  readonly kind: FailureKind;
  readonly retryAfterMs: number | undefined;
  readonly ambiguous: boolean;
  readonly channelCode: string | undefined;
  readonly requestId: string | undefined;

  constructor(options: ChannelErrorOptions) {
    super(options.message, { cause: options.cause });
    this.name = "ChannelError";
    this.kind = options.kind;
    this.retryAfterMs = options.retryAfterMs;
    this.ambiguous = options.ambiguous ?? false;
    this.channelCode = options.channelCode;
    this.requestId = options.requestId;
  }
}

export const assertNever = (value: never): never => {
  throw new TypeError(`unreachable: ${JSON.stringify(value)}`);
};
