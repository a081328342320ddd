// Merges minutes or samples of many series into one row per metric and bucket of time. It runs
// where the rows are read, which is not the main thread: a large fleet's rows never travel.

import type { MergedRow } from "./store.ts";
import { DistributionSketch } from "./sketch.ts";

interface Bucket {
  readonly sketch: DistributionSketch;
  last: number;
  lastAtMs: number;
}

/**
 * Collects rows by metric and bucket.
 *
 * @example
 * const merger = new RowMerger();
 * merger.addSample("cpu_usage", 60_000, 12.5, 61_234);
 * console.assert(merger.rows()[0]?.last === 12.5);
 */
export class RowMerger {
  readonly #metrics = new Map<string, Map<number, Bucket>>();

  /** @param sketch a serialised {@link DistributionSketch} of the row's values. */
  addRow(
    metric: string,
    startMs: number,
    sketch: Uint8Array,
    last: number,
    lastAtMs: number,
  ): void {
    const bucket = this.#bucket(metric, startMs);
    bucket.sketch.merge(DistributionSketch.deserialize(sketch));
    see(bucket, last, lastAtMs);
  }

  addSample(metric: string, startMs: number, value: number, atMs: number): void {
    const bucket = this.#bucket(metric, startMs);
    bucket.sketch.accept(value);
    see(bucket, value, atMs);
  }

  /** The merged rows, by time. */
  rows(): MergedRow[] {
    const rows: MergedRow[] = [];
    for (const [metric, buckets] of this.#metrics) {
      for (const [startMs, { sketch, last, lastAtMs }] of buckets) {
        rows.push({ metric, startMs, last, lastAtMs, sketch: sketch.serialize() });
      }
    }
    return rows.sort((a, b) => a.startMs - b.startMs);
  }

  #bucket(metric: string, startMs: number): Bucket {
    let buckets = this.#metrics.get(metric);
    if (buckets === undefined) this.#metrics.set(metric, (buckets = new Map()));
    let bucket = buckets.get(startMs);
    if (bucket === undefined) {
      const lastAtMs = Number.NEGATIVE_INFINITY;
      bucket = { sketch: new DistributionSketch(), last: Number.NaN, lastAtMs };
      buckets.set(startMs, bucket);
    }
    return bucket;
  }
}

function see(bucket: Bucket, last: number, lastAtMs: number): void {
  if (lastAtMs < bucket.lastAtMs) return;
  bucket.last = last;
  bucket.lastAtMs = lastAtMs;
}
