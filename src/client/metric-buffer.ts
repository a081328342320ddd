// Samples wait here between flushes, so that recording costs no call. The buffer is bounded: while
// the server is away the oldest samples go first, and how many went is counted.

import type { JsonObject } from "./wire.ts";

/** One recorded value on its way. */
export interface OutgoingSample {
  readonly metric: string;
  readonly value: number;
  readonly atMs: number;
  readonly context?: JsonObject;
  readonly metadata?: JsonObject;
}

/** A bounded queue of samples, oldest first. */
export class MetricBuffer {
  readonly #capacity: number;
  #samples: OutgoingSample[] = [];
  #shed = 0;

  /** @param capacity samples kept at most; at ~200 B each, 10,000 are 2 MB. */
  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  /** Samples waiting. */
  get size(): number {
    return this.#samples.length;
  }

  /** Samples given up because the buffer was full, or because their delivery is unknown. */
  get shed(): number {
    return this.#shed;
  }

  /** @throws RangeError when the value is not finite. TypeError when the name is empty. */
  add(sample: OutgoingSample): void {
    if (sample.metric === "") throw new TypeError("A metric needs a name");
    if (!Number.isFinite(sample.value)) {
      throw new RangeError(`Metric "${sample.metric}" takes a finite number, not ${sample.value}`);
    }
    if (this.#samples.length >= this.#capacity) this.#shedOldest();
    this.#samples.push(sample);
  }

  /** Takes out up to `most` samples, oldest first. */
  take(most: number): OutgoingSample[] {
    return this.#samples.splice(0, most);
  }

  /** Puts samples back in front, as far as there is room. */
  putBack(samples: readonly OutgoingSample[]): void {
    const room = Math.max(0, this.#capacity - this.#samples.length);
    this.countShed(Math.max(0, samples.length - room));
    this.#samples = [...samples.slice(Math.max(0, samples.length - room)), ...this.#samples];
  }

  /** Counts samples that were taken out and will never arrive. */
  countShed(count: number): void {
    this.#shed += count;
  }

  /** A sixteenth at a time, so that a full buffer does not shift on every sample. */
  #shedOldest(): void {
    const count = Math.max(1, Math.floor(this.#capacity / 16));
    this.#samples.splice(0, count);
    this.#shed += count;
  }
}
