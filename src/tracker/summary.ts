// Reduces samples and minutes to the statistics people read.

import type { MetricSummary } from "./model.ts";
import { DistributionSketch } from "./sketch.ts";
import type { MinuteRow } from "./series.ts";

/** Accumulates one metric's summary from samples or minutes, in any order. */
export class SummaryBuilder {
  readonly #sketch = new DistributionSketch();
  #latest = Number.NaN;
  #latestAtMs = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#sketch.count;
  }

  addSample(value: number, atMs: number): void {
    this.#sketch.accept(value);
    this.#see(value, atMs);
  }

  addMinute(row: MinuteRow): void {
    this.#sketch.merge(row.sketch);
    this.#see(row.last, row.lastAtMs);
  }

  /** The summary, or undefined when nothing was added. */
  build(): MetricSummary | undefined {
    const sketch = this.#sketch;
    if (sketch.count === 0) return undefined;
    const sum = finite(sketch.sum);
    return {
      count: sketch.count,
      min: sketch.min,
      max: sketch.max,
      avg: Math.min(sketch.max, Math.max(sketch.min, sum / sketch.count)),
      latest: this.#latest,
      sum,
      p50: sketch.quantile(0.5),
      p90: sketch.quantile(0.9),
      p95: sketch.quantile(0.95),
      p99: sketch.quantile(0.99),
    };
  }

  #see(value: number, atMs: number): void {
    if (atMs < this.#latestAtMs) return;
    this.#latest = value;
    this.#latestAtMs = atMs;
  }
}

/** Summaries by some name, built together. */
export class SummaryGroup {
  readonly #builders = new Map<string, SummaryBuilder>();

  /** The builder of `name`, made when it is the first time. */
  of(name: string): SummaryBuilder {
    let builder = this.#builders.get(name);
    if (builder === undefined) {
      builder = new SummaryBuilder();
      this.#builders.set(name, builder);
    }
    return builder;
  }

  /** Samples over all names. */
  get count(): number {
    let count = 0;
    for (const builder of this.#builders.values()) count += builder.count;
    return count;
  }

  build(): Record<string, MetricSummary> {
    const summaries: Record<string, MetricSummary> = {};
    for (const name of [...this.#builders.keys()].sort()) {
      const summary = this.#builders.get(name)?.build();
      if (summary !== undefined) summaries[name] = summary;
    }
    return summaries;
  }
}

/** JSON has no Infinity: a sum that overflowed is the largest number there is. */
export function finite(value: number): number {
  return Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, value));
}
