// Where spans begin and end: what every way of timing shares.

import { Listeners } from "../core/index.ts";
import type { Clock, JsonObject, RandomBytes } from "../core/index.ts";
import type { DurationBatch, DurationTelemetry } from "./duration-telemetry.ts";
import type { SpanRecord } from "./model.ts";
import { SpanContext } from "./span-context.ts";
import { SpanIds } from "./span-ids.ts";
import type { SpanKey } from "./span-ids.ts";
import type { SpanOutbox } from "./span-outbox.ts";
import type { SpanRing } from "./span-ring.ts";
import { boundedContext, errorText, Span, toSpanRecord } from "./span.ts";
import type { SpanParent } from "./span.ts";

/** The wall clock may be set; starts follow it within this time. */
const WALL_CLOCK_CHECK_MS = 1000;

/** What a {@link SpanRecorder} works with. */
export interface SpanRecorderParts {
  readonly namespace: string;
  readonly clock: Clock;
  /** When false, spans of this process are measured and kept nowhere. */
  readonly enabled: boolean;
  readonly ring: SpanRing;
  /** Undefined where nobody reads durations. */
  readonly durations: DurationTelemetry | undefined;
  /** Undefined where nothing is stored. */
  readonly outbox: SpanOutbox | undefined;
  readonly randomBytes: RandomBytes;
}

/** Begins and ends spans. */
export class SpanRecorder {
  readonly context = new SpanContext();
  readonly listeners = new Listeners<SpanRecord>();
  readonly ids: SpanIds;
  readonly #parts: SpanRecorderParts;
  readonly #clock: Clock;
  #lastKey = 0;
  /** Wall clock minus monotonic clock. */
  #wallOffsetMs: number;
  #wallCheckedMs: number;
  /** Spans ended so far. */
  recorded = 0;
  failed = 0;

  constructor(parts: SpanRecorderParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.ids = new SpanIds(parts.randomBytes);
    this.#wallCheckedMs = parts.clock.monotonic();
    this.#wallOffsetMs = parts.clock.now() - this.#wallCheckedMs;
  }

  /** A span that starts now, within the current one. */
  begin(batch: DurationBatch, kind: string, context?: JsonObject): Span {
    const monotonicMs = this.#clock.monotonic();
    if (monotonicMs - this.#wallCheckedMs > WALL_CLOCK_CHECK_MS) {
      this.#wallCheckedMs = monotonicMs;
      this.#wallOffsetMs = this.#clock.now() - monotonicMs;
    }
    const startMs = monotonicMs + this.#wallOffsetMs;
    const parent = this.context.current();
    const key = ++this.#lastKey;
    // The first span of a trace names it.
    const traceKey = parent === undefined ? key : parent.traceKey;
    const parentKey = parent === undefined ? null : parent.key;
    return new Span(key, traceKey, parentKey, batch, kind, context, startMs, monotonicMs);
  }

  /** A key for a span that was timed elsewhere. */
  nextKey(): SpanKey {
    return ++this.#lastKey;
  }

  end(span: Span): void {
    this.endAfter(span, this.#clock.monotonic() - span.startMonotonicMs);
  }

  fail(span: Span, error: unknown): void {
    this.failAfter(span, this.#clock.monotonic() - span.startMonotonicMs, error);
  }

  failAfter(span: Span, durationMs: number, error: unknown): void {
    span.ok = false;
    span.error = errorText(error);
    this.endAfter(span, durationMs);
  }

  /** Ends a span whose duration was measured elsewhere. */
  endAfter(span: Span, durationMs: number): void {
    span.durationMs = durationMs;
    if (this.#parts.enabled) this.keep(span);
  }

  /** Puts a finished span where it is looked for; one that was timed elsewhere in any case. */
  keep(span: Span): void {
    const { ring, durations, outbox } = this.#parts;
    this.recorded += 1;
    if (!span.ok) this.failed += 1;
    if (span.context !== undefined) span.context = boundedContext(span.context);
    ring.push(span);
    durations?.record(span.batch, span.durationMs, span.ok);
    outbox?.announce();
    if (this.listeners.size > 0) this.listeners.emit(this.toRecord(span));
  }

  toRecord(span: Span): SpanRecord {
    return toSpanRecord(span, this.#parts.namespace, this.ids);
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  run<Arguments extends unknown[], Result>(
    parent: SpanParent | undefined,
    callback: (...values: Arguments) => Result,
    ...values: Arguments
  ): Result {
    return this.context.run(parent, callback, ...values);
  }
}
