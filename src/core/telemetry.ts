// The port through which components are measured and ranked without importing the tracker.
// Writes are synchronous and must cost well under a microsecond; reads are synchronous views of
// what is in memory now.

import type { JsonObject } from "./json.ts";

/** Labels of one series, beside its metric and agent. Low cardinality only. */
export type SeriesLabels = Readonly<Record<string, string>>;

/** What names one series. */
export interface SeriesKey {
  readonly namespace: string;
  readonly metric: string;
  /** The agent the samples are about; absent for the server's own. */
  readonly agentId?: string;
  readonly labels?: SeriesLabels;
}

/** A series held open for writing: look it up once, record often. */
export interface SeriesHandle {
  /**
   * Records one value now.
   * @param value a finite number in the metric's unit.
   * @throws RangeError when `value` is not finite.
   */
  record(value: number): void;
  /**
   * Records many values as of now, for a busy gateway: they count in every statistic, percentile
   * and chart by the minute, but leave no raw samples, which would push everything else out.
   * @param values finite numbers in the metric's unit; none is allowed.
   * @throws RangeError when one is not finite; the others are not recorded then either.
   */
  recordBatch(values: Float64Array): void;
}

/** Things that happened to an agent which prove it is doing something (or merely running). */
export const ActivityKind = {
  /** The process runs. Proves existence, never progress. */
  Heartbeat: "heartbeat",
  /** It put something out: settled a message, sent one, progressed a task, recorded a metric. */
  Output: "output",
} as const;
export type ActivityKind = (typeof ActivityKind)[keyof typeof ActivityKind];

/** Statistics of one metric over a recent window. */
export interface RecentStatistics {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly avg: number;
  readonly latest: number;
}

/** Writes, reads and activity signals, between components. */
export interface Telemetry {
  /** Opens (or finds) a series for writing. */
  series(key: SeriesKey): SeriesHandle;
  /**
   * Statistics of what is in memory for one agent, by metric; empty when nothing is known.
   * @param metric the only one that is wanted; naming it makes the answer cheaper.
   */
  recent(
    namespace: string,
    agentId: string,
    metric?: string,
  ): Readonly<Record<string, RecentStatistics>>;
  /** Says that an agent did something; presence and ranking listen. */
  activity(namespace: string, agentId: string, kind: ActivityKind, detail?: JsonObject): void;
}

/** A Telemetry that measures nothing, for components used alone. */
export const noTelemetry: Telemetry = {
  series: () => ({ record: () => undefined, recordBatch: () => undefined }),
  recent: () => ({}),
  activity: () => undefined,
};
