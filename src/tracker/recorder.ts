// What happens when a value is recorded. This is the hot path: no strings, no objects.

import type { Clock, JsonObject, Listeners, SeriesHandle } from "../core/index.ts";
import type { MinuteBuffer } from "./minute-buffer.ts";
import type { Sample } from "./model.ts";
import type { SampleRing } from "./sample-ring.ts";
import type { Series } from "./series.ts";
import type { SeriesTable } from "./series-table.ts";

const noMetadata: JsonObject = Object.freeze({});

/** Writes values to their series' open minute and to the ring. */
export class Recorder {
  readonly #clock: Clock;
  readonly #ring: SampleRing;
  readonly #minutes: MinuteBuffer;
  readonly #listeners: Listeners<Sample>;
  /** By metric, of which there are at most maxMetricNames. */
  readonly #batchedAtMs = new Map<string, number>();

  constructor(parts: {
    readonly clock: Clock;
    readonly ring: SampleRing;
    readonly minutes: MinuteBuffer;
    readonly listeners: Listeners<Sample>;
  }) {
    this.#clock = parts.clock;
    this.#ring = parts.ring;
    this.#minutes = parts.minutes;
    this.#listeners = parts.listeners;
  }

  /** Records a finite value now. */
  record(series: Series, value: number, metadata: JsonObject | undefined): void {
    const nowMs = this.#clock.now();
    this.recordAt(series, value, nowMs, nowMs, metadata);
  }

  /** Counts finite values now, without raw samples. */
  recordBatch(series: Series, values: Float64Array): void {
    if (values.length === 0) return;
    const nowMs = this.#clock.now();
    for (const value of values) this.#count(series, value, nowMs, nowMs);
    this.#batchedAtMs.set(series.identity.metric, nowMs);
  }

  /**
   * When values without raw samples were last recorded, of one metric or of any; minus infinity
   * when never. The ring does not know what is older.
   */
  batchedAtMs(metric?: string): number {
    if (metric !== undefined) return this.#batchedAtMs.get(metric) ?? Number.NEGATIVE_INFINITY;
    return Math.max(...this.#batchedAtMs.values());
  }

  /** @param atMs not after `nowMs`. */
  recordAt(
    series: Series,
    value: number,
    atMs: number,
    nowMs: number,
    metadata: JsonObject | undefined,
  ): void {
    this.#count(series, value, atMs, nowMs);
    this.#ring.push(series, value, atMs, metadata);
    if (this.#listeners.size > 0) this.#emit(series, value, atMs, metadata);
  }

  #count(series: Series, value: number, atMs: number, nowMs: number): void {
    if (
      (atMs >= series.minuteMs && atMs < series.minuteEndMs) ||
      this.#minutes.openMinute(series, atMs, nowMs)
    ) {
      series.sketch.accept(value);
      if (!series.dirty) this.#minutes.markDirty(series);
    } else this.#minutes.addLate(series, value, atMs);
    if (atMs >= series.lastAtMs) {
      series.last = value;
      series.lastAtMs = atMs;
    }
  }

  #emit(series: Series, value: number, atMs: number, metadata: JsonObject | undefined): void {
    const { metric, agentId, context } = series.identity;
    const sample = { metric, value, atMs, agentId, context, metadata: metadata ?? noMetadata };
    this.#listeners.emit(sample);
  }
}

/** What a bound handle was asked for. */
export interface BoundKey {
  readonly metric: string;
  readonly agentId: string | null;
  readonly context: JsonObject | undefined;
}

/** A handle that looked its series up once; it looks again only after the series was released. */
export class BoundSeries implements SeriesHandle {
  readonly #recorder: Recorder;
  readonly #table: SeriesTable;
  readonly #key: BoundKey;
  #series: Series;

  constructor(recorder: Recorder, table: SeriesTable, key: BoundKey, series: Series) {
    this.#recorder = recorder;
    this.#table = table;
    this.#key = key;
    this.#series = series;
  }

  record(value: number): void {
    if (value - value !== 0) throw notFinite(value);
    if (this.#series.released) this.#rebind();
    this.#recorder.record(this.#series, value, undefined);
  }

  recordBatch(values: Float64Array): void {
    checkFinite(values);
    if (this.#series.released) this.#rebind();
    this.#recorder.recordBatch(this.#series, values);
  }

  #rebind(): void {
    const { metric, agentId, context } = this.#key;
    this.#series = this.#table.resolve(metric, agentId, context);
  }
}

/** A handle whose series is over a cap: it asks each time, and counts, until there is room. */
export class FoldedSeries implements SeriesHandle {
  readonly #recorder: Recorder;
  readonly #table: SeriesTable;
  readonly #key: BoundKey;

  constructor(recorder: Recorder, table: SeriesTable, key: BoundKey) {
    this.#recorder = recorder;
    this.#table = table;
    this.#key = key;
  }

  record(value: number): void {
    if (value - value !== 0) throw notFinite(value);
    const { metric, agentId, context } = this.#key;
    this.#recorder.record(this.#table.resolve(metric, agentId, context), value, undefined);
  }

  recordBatch(values: Float64Array): void {
    checkFinite(values);
    const { metric, agentId, context } = this.#key;
    this.#recorder.recordBatch(this.#table.resolve(metric, agentId, context), values);
  }
}

function checkFinite(values: Float64Array): void {
  for (const value of values) if (value - value !== 0) throw notFinite(value);
}

function notFinite(value: unknown): RangeError {
  return new RangeError(`A value must be a finite number, not ${String(value)}`);
}
