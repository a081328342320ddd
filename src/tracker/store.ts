// The port through which samples and snapshots outlive the process. Writes come in batches, at
// most a second old; a crash may lose the last of them.

import type { PerformanceSnapshot, Sample, TimeRange } from "./model.ts";

/** One minute of one series, mergeable. */
export interface MinuteAggregate {
  readonly metric: string;
  readonly agentId: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Start of the minute. */
  readonly minuteMs: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
  readonly lastAtMs: number;
  /** A serialised {@link DistributionSketch}. */
  readonly sketch: Uint8Array;
}

export interface SampleQuery extends TimeRange {
  readonly metric?: string;
  readonly agentId?: string;
  /** Newest first, at most this many. @default 10000 */
  readonly limit?: number;
}

export interface MinuteQuery {
  readonly metric?: string;
  readonly agentId?: string;
  /** Series that have at least these labels. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Many series' samples of one metric in one bucket of time. */
export interface MergedRow {
  readonly metric: string;
  /** Start of the minute, or of the bucket. */
  readonly startMs: number;
  readonly last: number;
  readonly lastAtMs: number;
  /** A serialised {@link DistributionSketch}. */
  readonly sketch: Uint8Array;
}

/** What minutes are put together by: one group an agent, or a value of a label, or one in all. */
export type MinuteGrouping = "agent" | "none" | `label:${string}`;

/** Minutes of a metric to be merged by group and bucket of time. */
export interface GroupedMinuteQuery extends MinuteQuery {
  readonly metric: string;
  /** Length of a bucket; buckets begin at its multiples since the epoch. */
  readonly stepMs: number;
  readonly groupBy: MinuteGrouping;
}

/** Samples of a metric to be merged into buckets. */
export interface MergedSampleQuery {
  readonly metric: string;
  readonly agentId?: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Length of a bucket; buckets begin at its multiples since the epoch. */
  readonly stepMs: number;
  /** Beyond so many samples the answer is null. */
  readonly most: number;
}

/** What to keep. */
export interface Retention {
  /** Raw samples older than this instant may go. */
  readonly samplesBeforeMs: number;
  /** Minutes and snapshots older than this instant may go. */
  readonly minutesBeforeMs: number;
  /**
   * While the samples and minutes of all namespaces use more bytes than this, the namespace's
   * oldest samples go, as far as they are among the store's oldest; then its oldest minutes. The
   * newest hour of either stays. Stores in memory are bounded by their own options instead.
   * @default unbounded
   */
  readonly bytes?: number;
}

/** What {@link SeriesStore.prune} did. */
export interface SeriesPruneResult {
  /** Raw samples forgotten. */
  readonly samples: number;
  /**
   * Bytes that other components' records take in the same file, where they are looked at: null
   * while the whole file is within {@link Retention.bytes}.
   */
  readonly restBytes: number | null;
}

/** Where a page of samples begins: after which one. Each store has its own numbers. */
export interface SamplePlace {
  readonly atMs: number;
  readonly row: number;
}

/** A page of samples, newest first. */
export interface SamplePage {
  readonly samples: readonly Sample[];
  /** Where the next page begins; null on the last. */
  readonly next: SamplePlace | null;
}

/** What a store has of one metric. */
export interface StoredMetric {
  readonly metric: string;
  /** Agents that have series of it. */
  readonly agents: readonly string[];
  /** Series over all agents and labels: how many rows a minute of it may have. */
  readonly series: number;
}

/** Durable storage of series. */
export interface SeriesStore {
  /** Writes samples and minutes; a minute replaces the row of the same series and minute. */
  append(
    namespace: string,
    batch: { readonly samples: readonly Sample[]; readonly minutes: readonly MinuteAggregate[] },
  ): Promise<void>;
  appendSnapshot(namespace: string, snapshot: PerformanceSnapshot): Promise<void>;
  /** Metrics of which anything is stored; never by way of their rows. */
  metrics(namespace: string): Promise<readonly StoredMetric[]>;
  samples(namespace: string, query: SampleQuery): Promise<readonly Sample[]>;
  /**
   * Every sample of a range, a page at a time: as many as may share an instant, each once.
   * @param place null for the first page, then each page's `next`.
   */
  samplePage(
    namespace: string,
    range: { readonly fromMs: number; readonly toMs: number },
    limit: number,
    place: SamplePlace | null,
  ): Promise<SamplePage>;
  /** Minutes in the range, by time. */
  minutes(namespace: string, query: MinuteQuery): Promise<readonly MinuteAggregate[]>;
  /**
   * The same minutes, merged over agents and labels: a row per metric and minute, by time; and
   * the agents they are of. Answers the size of which does not grow with the fleet's rows.
   */
  mergedMinutes(
    namespace: string,
    query: Omit<MinuteQuery, "agentId">,
  ): Promise<{ readonly rows: readonly MergedRow[]; readonly agents: readonly string[] }>;
  /**
   * Minutes merged by group and bucket, by time; a row's `metric` is its group's name, empty for
   * series without an agent or without the label.
   */
  groupedMinutes(namespace: string, query: GroupedMinuteQuery): Promise<readonly MergedRow[]>;
  /** Samples merged into buckets, by time; null when there are more than `most`. */
  mergedSamples(namespace: string, query: MergedSampleQuery): Promise<readonly MergedRow[] | null>;
  /** The newest snapshots taken in a range, newest first. @param range default all time */
  snapshots(
    namespace: string,
    count: number,
    range?: TimeRange,
  ): Promise<readonly PerformanceSnapshot[]>;
  prune(namespace: string, retention: Retention): Promise<SeriesPruneResult>;
  deleteNamespace(namespace: string): Promise<void>;
}
