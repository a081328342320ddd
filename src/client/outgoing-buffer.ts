// What was recorded waits here between flushes, so that recording costs no call. The buffer is
// bounded: while the server is away the oldest items go first, and how many went is counted.

/** A bounded queue of items on their way, oldest first. */
export class OutgoingBuffer<Item> {
  readonly #capacity: number;
  #items: Item[] = [];
  #shed = 0;

  /** @param capacity items kept at most; at ~200 B each, 10,000 are 2 MB. */
  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  /** Items waiting. */
  get size(): number {
    return this.#items.length;
  }

  /** Items given up because the buffer was full, or because their delivery is unknown. */
  get shed(): number {
    return this.#shed;
  }

  add(item: Item): void {
    if (this.#items.length >= this.#capacity) this.#shedOldest();
    this.#items.push(item);
  }

  /** Takes out up to `most` items, oldest first. */
  take(most: number): Item[] {
    return this.#items.splice(0, most);
  }

  /** Puts items back in front, as far as there is room. */
  putBack(items: readonly Item[]): void {
    const room = Math.max(0, this.#capacity - this.#items.length);
    this.countShed(Math.max(0, items.length - room));
    this.#items = [...items.slice(Math.max(0, items.length - room)), ...this.#items];
  }

  /** Counts items that were taken out and will never arrive. */
  countShed(count: number): void {
    this.#shed += count;
  }

  /** A sixteenth at a time, so that a full buffer does not shift on every item. */
  #shedOldest(): void {
    const count = Math.max(1, Math.floor(this.#capacity / 16));
    this.#items.splice(0, count);
    this.#shed += count;
  }
}
