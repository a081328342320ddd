// The newest raw samples, in columns: a fixed number for queries, and those still waiting for
// the store. Both are windows of one ring that end at the newest sample, so that recording
// writes once.
//
//     tail ............ flushed ............ head
//     |-- history, at most maxHistory --------|
//                       |-- waiting, at most maxPending
//
// A sample leaves memory when it is outside both windows.

import type { JsonObject } from "../core/index.ts";
import type { Sample } from "./model.ts";
import type { Series } from "./series.ts";

const INITIAL_CAPACITY = 1024;
const noMetadata: JsonObject = Object.freeze({});

/** How much a {@link SampleRing} holds. */
export interface SampleRingOptions {
  readonly maxHistory: number;
  /** Samples that may wait for the store; 0 when none takes them. */
  readonly maxPending: number;
}

/** Raw samples in order of recording. */
export class SampleRing {
  readonly #maxHistory: number;
  readonly #maxPending: number;
  #capacity = INITIAL_CAPACITY;
  #values = new Float64Array(INITIAL_CAPACITY);
  #times = new Float64Array(INITIAL_CAPACITY);
  #series: (Series | undefined)[] = Array.from({ length: INITIAL_CAPACITY });
  #metadata: (JsonObject | undefined)[] = Array.from({ length: INITIAL_CAPACITY });
  #tail = 0;
  #historyStart = 0;
  #flushed = 0;
  #head = 0;
  /** Above this head, one of the windows is too long. */
  #trimAbove: number;
  #evictedMaxAtMs = Number.NEGATIVE_INFINITY;
  /** Samples that were pushed out before the store took them. */
  shed = 0;

  constructor(options: SampleRingOptions) {
    this.#maxHistory = options.maxHistory;
    this.#maxPending = options.maxPending;
    this.#trimAbove = this.#nextTrim();
  }

  /** Samples recorded so far, also the number the next one gets. */
  get head(): number {
    return this.#head;
  }

  /** Samples that queries see. */
  get historyCount(): number {
    return this.#head - this.#historyStart;
  }

  /** Samples the store has not taken yet. */
  get pendingCount(): number {
    return this.#maxPending === 0 ? 0 : this.#head - this.#flushed;
  }

  /** Every sample with a later time than this is still among {@link history}. */
  get evictedMaxAtMs(): number {
    return this.#evictedMaxAtMs;
  }

  push(series: Series, value: number, atMs: number, metadata: JsonObject | undefined): void {
    const head = this.#head;
    if (head - this.#tail === this.#capacity) this.#grow();
    const slot = head & (this.#capacity - 1);
    this.#values[slot] = value;
    this.#times[slot] = atMs;
    this.#series[slot] = series;
    this.#metadata[slot] = metadata;
    this.#head = head + 1;
    if (this.#head > this.#trimAbove) this.#trim();
  }

  /** Samples queries may see, in order of recording. */
  *history(): Generator<Sample> {
    for (let number = this.#historyStart; number < this.#head; number++) {
      yield this.#sampleAt(number);
    }
  }

  /**
   * Calls `visit` for every sample of the history, without making objects.
   */
  scan(visit: (series: Series, value: number, atMs: number) => void): void {
    const mask = this.#capacity - 1;
    for (let number = this.#historyStart; number < this.#head; number++) {
      const slot = number & mask;
      visit(this.#series[slot]!, this.#values[slot]!, this.#times[slot]!);
    }
  }

  /** The oldest samples that wait for the store, at most `most`. */
  pending(most: number): { readonly samples: Sample[]; readonly end: number } {
    if (this.#maxPending === 0) return { samples: [], end: this.#head };
    const end = Math.min(this.#head, this.#flushed + most);
    const samples: Sample[] = [];
    for (let number = this.#flushed; number < end; number++) samples.push(this.#sampleAt(number));
    return { samples, end };
  }

  /** Says that the store took everything before number `end`. */
  acknowledge(end: number): void {
    if (end > this.#flushed) this.#flushed = end;
    this.#trim();
  }

  #trim(): void {
    const mask = this.#capacity - 1;
    for (const end = this.#head - this.#maxHistory; this.#historyStart < end;) {
      const atMs = this.#times[this.#historyStart++ & mask]!;
      if (atMs > this.#evictedMaxAtMs) this.#evictedMaxAtMs = atMs;
    }
    let tail = this.#historyStart;
    if (this.#maxPending > 0) {
      const waitingFrom = this.#head - this.#maxPending;
      if (waitingFrom > this.#flushed) {
        this.shed += waitingFrom - this.#flushed;
        this.#flushed = waitingFrom;
      }
      tail = Math.min(tail, this.#flushed);
    }
    while (this.#tail < tail) this.#metadata[this.#tail++ & mask] = undefined;
    this.#trimAbove = this.#nextTrim();
  }

  #nextTrim(): number {
    const history = this.#historyStart + this.#maxHistory;
    return this.#maxPending === 0 ? history : Math.min(history, this.#flushed + this.#maxPending);
  }

  #grow(): void {
    const capacity = this.#capacity * 2;
    const values = new Float64Array(capacity);
    const times = new Float64Array(capacity);
    const series: (Series | undefined)[] = Array.from({ length: capacity });
    const metadata: (JsonObject | undefined)[] = Array.from({ length: capacity });
    for (let number = this.#tail; number < this.#head; number++) {
      const from = number & (this.#capacity - 1);
      const to = number & (capacity - 1);
      values[to] = this.#values[from]!;
      times[to] = this.#times[from]!;
      series[to] = this.#series[from];
      metadata[to] = this.#metadata[from];
    }
    this.#capacity = capacity;
    this.#values = values;
    this.#times = times;
    this.#series = series;
    this.#metadata = metadata;
  }

  #sampleAt(number: number): Sample {
    const slot = number & (this.#capacity - 1);
    const { metric, agentId, context } = this.#series[slot]!.identity;
    return {
      metric,
      value: this.#values[slot]!,
      atMs: this.#times[slot]!,
      agentId,
      context,
      metadata: this.#metadata[slot] ?? noMetadata,
    };
  }
}
