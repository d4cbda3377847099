/** Delayed work of a simulator; `pending` tells when it is quiet, `close` drops what is left. */
export class Timers {
  readonly #handles = new Set<NodeJS.Timeout>();
  #closed = false;

  after(delayMs: number, run: () => void): void {
    // A request that was under way while closing must not start anything new.
    if (this.#closed) return;
    if (delayMs <= 0) return run();
    const handle = setTimeout(() => {
      this.#handles.delete(handle);
      run();
    }, delayMs);
    this.#handles.add(handle);
  }

  get pending(): number {
    return this.#handles.size;
  }

  close(): void {
    this.#closed = true;
    for (const handle of this.#handles) clearTimeout(handle);
    this.#handles.clear();
  }
}
