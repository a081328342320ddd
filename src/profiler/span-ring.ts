// The newest finished spans, in order of their end; a new one takes the oldest one's place.

import type { Span } from "./span.ts";

/** At most `capacity` spans. */
export class SpanRing {
  readonly #capacity: number;
  readonly #slots: Span[] = [];
  #next = 0;
  /** Spans that gave their place to newer ones. */
  evicted = 0;
  /** The latest start among them. */
  evictedStartMs = Number.NEGATIVE_INFINITY;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#slots.length;
  }

  push(span: Span): void {
    if (this.#slots.length < this.#capacity) {
      this.#slots.push(span);
      return;
    }
    const oldest = this.#slots[this.#next];
    if (oldest !== undefined && oldest.startMs > this.evictedStartMs) {
      this.evictedStartMs = oldest.startMs;
    }
    this.evicted += 1;
    this.#slots[this.#next] = span;
    this.#next = this.#next + 1 === this.#capacity ? 0 : this.#next + 1;
  }

  /** Latest end first. */
  *newestFirst(): Generator<Span> {
    const size = this.#slots.length;
    for (let back = 1; back <= size; back++) {
      const span = this.#slots[(this.#next - back + size) % size];
      if (span !== undefined) yield span;
    }
  }
}
