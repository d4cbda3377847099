import { hash, randomUUID } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";

export const md5 = (text: string): string => hash("md5", text, "hex");

export type ReceivedMessage = {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly bodyMd5: string;
  readonly sentAtMs: number;
  readonly receiveCount: number;
};

type Message = {
  readonly messageId: string;
  readonly body: string;
  readonly sentAtMs: number;
  /** Hidden until then, on the clock that never jumps. */
  visibleAtMs: number;
  receiveCount: number;
  receiptHandle: string | null;
};

/** Draws from this many of the oldest visible messages: roughly in order, never surely, like a standard queue. */
const shuffleWindow = 16;

/**
 * A standard SQS queue: at least once, unordered, with visibility timeouts in real seconds. It lives in memory: what a
 * restart loses the order list still tells.
 */
export class MessageQueue {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #messages = new Map<string, Message>();
  /** Ids that can be received; those deleted meanwhile are skipped when drawn. */
  readonly #ready: string[] = [];
  readonly #inFlight = new Set<Message>();
  readonly #byHandle = new Map<string, Message>();
  #wake: (() => void)[] = [];
  #closed = false;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Everything not deleted, in flight or not. */
  get size(): number {
    return this.#messages.size;
  }

  get inFlight(): number {
    this.#returnExpired();
    return this.#inFlight.size;
  }

  send(body: string, delayMs = 0): string {
    const visibleAtMs = this.#clock.monotonicMs() + delayMs;
    const message: Message = {
      messageId: randomUUID(),
      body,
      sentAtMs: this.#clock.now(),
      visibleAtMs,
      receiveCount: 0,
      receiptHandle: null,
    };
    this.#messages.set(message.messageId, message);
    if (delayMs > 0) this.#inFlight.add(message);
    else this.#offer(message);
    return message.messageId;
  }

  /** Up to `max` messages, hidden from others for `visibilityMs`; waits up to `waitMs` for the first. */
  async receive(options: {
    readonly max: number;
    readonly visibilityMs: number;
    readonly waitMs: number;
    readonly signal: AbortSignal;
  }): Promise<readonly ReceivedMessage[]> {
    const deadlineMs = this.#clock.monotonicMs() + options.waitMs;
    for (;;) {
      // Nothing is taken for somebody who has hung up: it would stay hidden for nobody.
      if (options.signal.aborted) return [];
      const taken = this.#take(options.max, options.visibilityMs);
      const leftMs = deadlineMs - this.#clock.monotonicMs();
      if (taken.length > 0 || leftMs <= 0 || this.#closed) return taken;
      await this.#news(leftMs, options.signal);
    }
  }

  /** A handle that is unknown or was replaced by a later receive deletes nothing; SQS does not say so either. */
  delete(receiptHandle: string): void {
    const message = this.#byHandle.get(receiptHandle);
    if (message === undefined) return;
    this.#byHandle.delete(receiptHandle);
    this.#inFlight.delete(message);
    this.#messages.delete(message.messageId);
  }

  /** False when the handle is not of a message in flight. */
  changeVisibility(receiptHandle: string, visibilityMs: number): boolean {
    this.#returnExpired();
    const message = this.#byHandle.get(receiptHandle);
    if (message === undefined || !this.#inFlight.has(message)) return false;
    message.visibleAtMs = this.#clock.monotonicMs() + visibilityMs;
    this.#returnExpired();
    this.#announce();
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#announce();
  }

  #take(max: number, visibilityMs: number): readonly ReceivedMessage[] {
    this.#returnExpired();
    const taken: ReceivedMessage[] = [];
    while (taken.length < max && this.#ready.length > 0) {
      const [id = ""] = this.#ready.splice(Math.floor(this.#random() * Math.min(shuffleWindow, this.#ready.length)), 1);
      const message = this.#messages.get(id);
      if (message === undefined) continue;
      if (message.receiptHandle !== null) this.#byHandle.delete(message.receiptHandle);
      const receiptHandle = randomUUID();
      message.receiptHandle = receiptHandle;
      message.receiveCount += 1;
      message.visibleAtMs = this.#clock.monotonicMs() + visibilityMs;
      this.#byHandle.set(receiptHandle, message);
      this.#inFlight.add(message);
      const { messageId, body, sentAtMs, receiveCount } = message;
      taken.push({ messageId, receiptHandle, body, bodyMd5: md5(body), sentAtMs, receiveCount });
    }
    return taken;
  }

  #offer(message: Message): void {
    this.#ready.push(message.messageId);
    this.#announce();
  }

  #returnExpired(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const message of this.#inFlight) {
      if (message.visibleAtMs > nowMs) continue;
      this.#inFlight.delete(message);
      this.#ready.push(message.messageId);
    }
  }

  /** Resolves on a new message, on the end of a visibility timeout, after `leftMs`, or when the caller went away. */
  async #news(leftMs: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    let untilMs = leftMs;
    for (const { visibleAtMs } of this.#inFlight) untilMs = Math.min(untilMs, visibleAtMs - nowMs);
    const over = new AbortController();
    const announced = new Promise<void>((resolve) => {
      this.#wake.push(resolve);
    });
    const slept = this.#clock
      .sleep(Math.max(1, untilMs), AbortSignal.any([signal, over.signal]))
      .catch(() => undefined);
    await Promise.race([announced, slept]);
    over.abort();
  }

  #announce(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}
