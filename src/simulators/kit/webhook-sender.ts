import type { FaultSource } from "./faults.ts";
import type { Timers } from "./timers.ts";

export type OutgoingWebhook = {
  readonly url: string;
  /** Made anew per attempt: some channels count attempts inside the signed body. */
  readonly render: (attempt: number) => { readonly headers: Readonly<Record<string, string>>; readonly body: string };
  /** Waits before attempt 2, 3, …; when they are used up the message is given up. */
  readonly retryDelaysMs: readonly number[];
  readonly timeoutMs: number;
  /** Told once per copy sent: acknowledged in the end, or given up. */
  readonly settled?: (acknowledged: boolean) => void;
};

/** Sends webhooks as the internet does: late, twice, out of order, sometimes never; retries what was not acknowledged. */
export class WebhookSender {
  readonly #faults: FaultSource;
  readonly #timers: Timers;
  #inFlight = 0;
  acknowledged = 0;
  givenUp = 0;

  constructor(faults: FaultSource, timers: Timers) {
    this.#faults = faults;
    this.#timers = timers;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  send(webhook: OutgoingWebhook): void {
    if (this.#faults.happens("messageDropShare")) return;
    this.#schedule(webhook, 1, this.#faults.delayMs("messageDelayMs"));
    if (this.#faults.happens("messageDuplicateShare"))
      this.#schedule(webhook, 1, this.#faults.delayMs("messageDelayMs"));
  }

  #schedule(webhook: OutgoingWebhook, attempt: number, delayMs: number): void {
    this.#timers.after(delayMs, () => {
      this.#inFlight += 1;
      void this.#attempt(webhook, attempt).finally(() => {
        this.#inFlight -= 1;
      });
    });
  }

  async #attempt(webhook: OutgoingWebhook, attempt: number): Promise<void> {
    const { headers, body } = webhook.render(attempt);
    try {
      const response = await fetch(webhook.url, {
        method: "POST",
        headers,
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(webhook.timeoutMs),
      });
      await response.arrayBuffer();
      if (response.status >= 200 && response.status < 300) {
        this.acknowledged += 1;
        webhook.settled?.(true);
        return;
      }
    } catch {
      // Not reached or too slow: like any other refusal.
    }
    const delayMs = webhook.retryDelaysMs[attempt - 1];
    if (delayMs === undefined) {
      this.givenUp += 1;
      webhook.settled?.(false);
    } else this.#schedule(webhook, attempt + 1, delayMs);
  }
}
