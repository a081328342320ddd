// The newest finished spans, in columns: a fixed number for queries, and those still waiting for
// the store. Both are windows of one ring that end at the newest span, so that a call writes once.
// Columns, because objects that live for thousands of calls cost more to collect than to make.
//
//     tail ............ flushed ............ head
//     |-- history, at most maxHistory --------|
//                       |-- waiting, at most maxPending

import type { JsonObject } from "../core/index.ts";
import type { DurationBatch } from "./duration-telemetry.ts";
import type { SpanKey } from "./span-ids.ts";
import { Span } from "./span.ts";

const INITIAL_CAPACITY = 1024;

/** How much a {@link SpanRing} holds. */
export interface SpanRingOptions {
  readonly maxHistory: number;
  /** Spans that may wait for the store; 0 when none takes them. */
  readonly maxPending: number;
}

/** Keys of a span of which one came from outside. */
interface ForeignKeys {
  readonly key: SpanKey;
  readonly traceKey: SpanKey;
  readonly parentKey: SpanKey | null;
}

/** Spans in order of their end. */
export class SpanRing {
  readonly #maxHistory: number;
  readonly #maxPending: number;
  #capacity: number;
  #keys: Float64Array<ArrayBuffer>;
  #traceKeys: Float64Array<ArrayBuffer>;
  /** 0 for none. */
  #parentKeys: Float64Array<ArrayBuffer>;
  #starts: Float64Array<ArrayBuffer>;
  #durations: Float64Array<ArrayBuffer>;
  #failed: Uint8Array<ArrayBuffer>;
  #batches: (DurationBatch | undefined)[];
  #kinds: (string | undefined)[];
  #errors: (string | undefined)[];
  #contexts: (JsonObject | undefined)[];
  #foreign: (ForeignKeys | undefined)[];
  #head = 0;
  #flushed = 0;
  /** The latest start among the spans that left the history. */
  evictedStartMs = Number.NEGATIVE_INFINITY;
  /** Spans that were pushed out before the store took them. */
  shed = 0;

  constructor(options: SpanRingOptions) {
    this.#maxHistory = options.maxHistory;
    this.#maxPending = options.maxPending;
    const wanted = Math.max(this.#maxHistory, this.#maxPending, 1);
    const capacity = Math.min(INITIAL_CAPACITY, 2 ** Math.ceil(Math.log2(wanted)));
    this.#capacity = capacity;
    this.#keys = new Float64Array(capacity);
    this.#traceKeys = new Float64Array(capacity);
    this.#parentKeys = new Float64Array(capacity);
    this.#starts = new Float64Array(capacity);
    this.#durations = new Float64Array(capacity);
    this.#failed = new Uint8Array(capacity);
    this.#batches = emptyColumn(capacity);
    this.#kinds = emptyColumn(capacity);
    this.#errors = emptyColumn(capacity);
    this.#contexts = emptyColumn(capacity);
    this.#foreign = emptyColumn(capacity);
  }

  /** Spans that queries see. */
  get historyCount(): number {
    return Math.min(this.#head, this.#maxHistory);
  }

  /** Spans that left the history. */
  get evicted(): number {
    return this.#head - this.historyCount;
  }

  /** Spans the store has not taken yet. */
  get pendingCount(): number {
    return this.#maxPending === 0 ? 0 : this.#head - this.#flushed;
  }

  /** Spans so far. */
  get pushed(): number {
    return this.#head;
  }

  /** How many of them wait no longer, from the first. */
  get taken(): number {
    return this.#flushed;
  }

  push(span: Span): void {
    const head = this.#head;
    if (head >= this.#capacity) this.#makeRoom();
    const slot = head & (this.#capacity - 1);
    if (head >= this.#maxHistory) this.#evict(head - this.#maxHistory);
    this.#writeKeys(slot, span);
    this.#starts[slot] = span.startMs;
    this.#durations[slot] = span.durationMs;
    this.#failed[slot] = span.ok ? 0 : 1;
    this.#batches[slot] = span.batch;
    this.#kinds[slot] = span.kind;
    this.#errors[slot] = span.error ?? undefined;
    this.#contexts[slot] = span.context;
    this.#head = head + 1;
    if (this.#maxPending > 0 && this.#head - this.#flushed > this.#maxPending) {
      this.#flushed += 1;
      this.shed += 1;
    }
  }

  /** The history, latest end first. */
  *newestFirst(): Generator<Span> {
    const end = this.#head - this.historyCount;
    for (let index = this.#head - 1; index >= end; index--) yield this.#read(index);
  }

  /** Takes the oldest waiting spans, at most `most`; they wait no longer. */
  takePending(most: number): Span[] {
    const until = this.#flushed + Math.min(most, this.pendingCount);
    const taken: Span[] = [];
    while (this.#flushed < until) taken.push(this.#read(this.#flushed++));
    return taken;
  }

  /** Makes the last `count` spans that were taken wait again, as far as there is room. */
  returnPending(count: number): void {
    const from = Math.max(this.#flushed - count, this.#head - this.#maxPending);
    this.shed += Math.max(0, from - (this.#flushed - count));
    this.#flushed = Math.min(this.#flushed, from);
  }

  /** Gives up everything that waits. */
  shedPending(): void {
    this.shed += this.pendingCount;
    this.#flushed = this.#head;
  }

  #evict(index: number): void {
    const startMs = this.#starts[index & (this.#capacity - 1)] ?? 0;
    if (startMs > this.evictedStartMs) this.evictedStartMs = startMs;
  }

  #writeKeys(slot: number, { key, traceKey, parentKey }: Span): void {
    if (typeof key === "number" && typeof traceKey === "number" && typeof parentKey !== "string") {
      this.#keys[slot] = key;
      this.#traceKeys[slot] = traceKey;
      this.#parentKeys[slot] = parentKey ?? 0;
      this.#foreign[slot] = undefined;
    } else {
      this.#foreign[slot] = { key, traceKey, parentKey };
    }
  }

  #read(index: number): Span {
    const slot = index & (this.#capacity - 1);
    const parentKey = this.#parentKeys[slot] ?? 0;
    const keys = this.#foreign[slot] ?? {
      key: this.#keys[slot] ?? 0,
      traceKey: this.#traceKeys[slot] ?? 0,
      parentKey: parentKey === 0 ? null : parentKey,
    };
    const batch = this.#batches[slot];
    if (batch === undefined) throw new RangeError(`Span ${index} is not in the ring`);
    const span = new Span(
      keys.key,
      keys.traceKey,
      keys.parentKey,
      batch,
      this.#kinds[slot] ?? "scope",
      this.#contexts[slot],
      this.#starts[slot] ?? 0,
      0,
    );
    span.durationMs = this.#durations[slot] ?? 0;
    span.ok = this.#failed[slot] === 0;
    span.error = this.#errors[slot] ?? null;
    return span;
  }

  /**
   * Doubles the ring while a window wants more than it holds. It has not turned until then, so that
   * every span keeps its slot; afterwards it turns in place.
   */
  #makeRoom(): void {
    const capacity = this.#capacity * 2;
    if (this.#capacity >= Math.max(this.#maxHistory, this.#maxPending)) return;
    this.#capacity = capacity;
    this.#keys = longer(this.#keys, capacity);
    this.#traceKeys = longer(this.#traceKeys, capacity);
    this.#parentKeys = longer(this.#parentKeys, capacity);
    this.#starts = longer(this.#starts, capacity);
    this.#durations = longer(this.#durations, capacity);
    const failed = new Uint8Array(capacity);
    failed.set(this.#failed);
    this.#failed = failed;
    this.#batches = this.#batches.concat(emptyColumn(capacity / 2));
    this.#kinds = this.#kinds.concat(emptyColumn(capacity / 2));
    this.#errors = this.#errors.concat(emptyColumn(capacity / 2));
    this.#contexts = this.#contexts.concat(emptyColumn(capacity / 2));
    this.#foreign = this.#foreign.concat(emptyColumn(capacity / 2));
  }
}

function longer(column: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(length);
  copy.set(column);
  return copy;
}

function emptyColumn<Value>(length: number): (Value | undefined)[] {
  return Array.from({ length }, () => undefined);
}
