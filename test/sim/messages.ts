import type { Delivery, QueuedMessage } from "../../src/connectors/connector.ts";
import type { FaultBox } from "./faults.ts";
import type { Process, World } from "./world.ts";

const hiddenMs = 30_000;
const longPollMs = 20_000;

/** A channel's message queue as SQS is: at least once, in no order, and again when it is not acknowledged in time. */
export class MessageQueue {
  readonly #world: World;
  readonly #faults: FaultBox;
  readonly #messages = new Map<string, { readonly delivery: Delivery; hiddenUntilMs: number }>();
  readonly #listeners: (() => void)[] = [];
  /** Called with what was acknowledged: the channel never sends it again. */
  onAcknowledged: (delivery: Delivery) => void = () => undefined;
  #sent = 0;

  constructor(world: World, faults: FaultBox) {
    this.#world = world;
    this.#faults = faults;
  }

  get size(): number {
    return this.#messages.size;
  }

  send(delivery: Delivery): void {
    this.#messages.set(`m${(this.#sent += 1)}`, { delivery, hiddenUntilMs: 0 });
    for (const listener of this.#listeners.splice(0)) listener();
  }

  async receive(process: Process, signal: AbortSignal): Promise<readonly QueuedMessage[]> {
    await process.pause(20, signal);
    const untilMs = this.#world.nowMs + longPollMs;
    for (;;) {
      const found = [...this.#messages]
        .filter(([, message]) => message.hiddenUntilMs <= this.#world.nowMs)
        .slice(0, 10);
      if (found.length > 0 || this.#world.nowMs >= untilMs) {
        return found.map(([handle, message]) => {
          const again = this.#faults.strikes("message-twice");
          message.hiddenUntilMs = again ? this.#world.nowMs + 500 : this.#world.nowMs + hiddenMs;
          return { handle, kind: "delivery", delivery: message.delivery };
        });
      }
      await new Promise<void>((resolve) => {
        this.#listeners.push(() => this.#world.after(30, () => process.resume(resolve)));
        this.#world.at(untilMs, () => process.resume(resolve));
      });
    }
  }

  async acknowledge(process: Process, handles: readonly string[]): Promise<void> {
    this.#world.after(15, () => {
      for (const handle of handles) {
        const message = this.#messages.get(handle);
        if (message !== undefined) this.onAcknowledged(message.delivery);
        this.#messages.delete(handle);
      }
    });
    await process.pause(30);
  }
}
