// Charts: samples or minutes, reduced to one number per bucket of time and line.

import { OTHER } from "./labels.ts";
import { trackerLimits } from "./limits.ts";
import { Aggregation } from "./model.ts";
import type { SeriesPoints, SeriesQuery } from "./model.ts";
import type { MinuteRow } from "./series.ts";
import { DistributionSketch } from "./sketch.ts";
import { finite } from "./summary.ts";

interface Bucket {
  count: number;
  sum: number;
  min: number;
  max: number;
  last: number;
  lastAtMs: number;
  /** Only where the aggregation is a quantile. */
  readonly sketch: DistributionSketch | undefined;
}

const quantiles: Readonly<Partial<Record<Aggregation, number>>> = {
  [Aggregation.P50]: 0.5,
  [Aggregation.P90]: 0.9,
  [Aggregation.P95]: 0.95,
  [Aggregation.P99]: 0.99,
};

const MINUTE_MS = 60_000;

/** Builds the lines of one chart. Buckets begin at multiples of `stepMs` since the epoch. */
export class ChartBuilder {
  readonly #query: SeriesQuery;
  #stepMs: number;
  /** The label that lines are grouped by; undefined when they are not. */
  readonly #label: string | undefined;
  readonly #lines = new Map<string | null, Map<number, Bucket>>();

  constructor(query: SeriesQuery) {
    this.#query = query;
    this.#stepMs = query.stepMs;
    const { groupBy } = query;
    this.#label = groupBy?.startsWith("label:") === true ? groupBy.slice(6) : undefined;
  }

  /** Length of a bucket. */
  get stepMs(): number {
    return this.#stepMs;
  }

  /** Minutes will fill it: a bucket that holds no whole number of them would count unevenly. */
  takeMinutes(): void {
    this.#stepMs = Math.ceil(this.#stepMs / MINUTE_MS) * MINUTE_MS;
  }

  get isEmpty(): boolean {
    return this.#lines.size === 0;
  }

  addSample(agentId: string | null, value: number, atMs: number): void {
    const bucket = this.#bucket(agentId, atMs);
    bucket.sketch?.accept(value);
    addTo(bucket, { count: 1, sum: value, min: value, max: value }, value, atMs);
  }

  addMinute(row: MinuteRow): void {
    this.addGroup(row.identity.agentId, row);
  }

  /** Adds a row of a line: an agent's, or that of a label's value. */
  addGroup(group: string | null, row: MinuteRow): void {
    const bucket = this.#bucket(this.#label === undefined ? group : (group ?? ""), row.minuteMs);
    bucket.sketch?.merge(row.sketch);
    addTo(bucket, row.sketch, row.last, row.lastAtMs);
  }

  /** The lines by name, each with its points by time. */
  build(): SeriesPoints[] {
    const names = [...this.#lines.keys()].sort((a, b) => ((a ?? "") < (b ?? "") ? -1 : 1));
    return names.map((name) => ({
      ...this.#naming(name),
      stepMs: this.#stepMs,
      points: [...(this.#lines.get(name) ?? [])]
        .sort(([a], [b]) => a - b)
        .map(([atMs, bucket]) => [atMs, reduce(bucket, this.#query.aggregation)] as const),
    }));
  }

  /** What a line is of: an agent, or a value of the label it is grouped by. */
  #naming(name: string | null): Pick<SeriesPoints, "agentId" | "labels"> {
    if (this.#label === undefined) return { agentId: name, labels: {} };
    return { agentId: this.#query.agentId ?? null, labels: { [this.#label]: name ?? "" } };
  }

  #bucket(group: string | null, atMs: number): Bucket {
    const { groupBy = "none" } = this.#query;
    const stepMs = this.#stepMs;
    let name = groupBy === "none" ? (this.#query.agentId ?? null) : group;
    const full = this.#lines.size >= trackerLimits.chartLines.value;
    if (full && !this.#lines.has(name)) name = OTHER;
    let line = this.#lines.get(name);
    if (line === undefined) {
      line = new Map();
      this.#lines.set(name, line);
    }
    const startMs = Math.floor(atMs / stepMs) * stepMs;
    let bucket = line.get(startMs);
    if (bucket === undefined) {
      const quantile = quantiles[this.#query.aggregation];
      const sketch = quantile === undefined ? undefined : new DistributionSketch();
      const [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      bucket = { count: 0, sum: 0, min, max, last: Number.NaN, lastAtMs: max, sketch };
      line.set(startMs, bucket);
    }
    return bucket;
  }
}

function addTo(
  bucket: Bucket,
  part: {
    readonly count: number;
    readonly sum: number;
    readonly min: number;
    readonly max: number;
  },
  last: number,
  lastAtMs: number,
): void {
  bucket.count += part.count;
  bucket.sum += part.sum;
  bucket.min = Math.min(bucket.min, part.min);
  bucket.max = Math.max(bucket.max, part.max);
  if (lastAtMs >= bucket.lastAtMs) {
    bucket.last = last;
    bucket.lastAtMs = lastAtMs;
  }
}

function reduce(bucket: Bucket, aggregation: Aggregation): number {
  switch (aggregation) {
    case Aggregation.Avg:
      return Math.min(bucket.max, Math.max(bucket.min, finite(bucket.sum) / bucket.count));
    case Aggregation.Min:
      return bucket.min;
    case Aggregation.Max:
      return bucket.max;
    case Aggregation.Sum:
      return finite(bucket.sum);
    case Aggregation.Count:
      return bucket.count;
    case Aggregation.Last:
      return bucket.last;
    default:
      return bucket.sketch?.quantile(quantiles[aggregation] ?? 0.5) ?? Number.NaN;
  }
}
