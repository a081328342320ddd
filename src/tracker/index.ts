export { trackerConfigSchema } from "./config.ts";
export type { TrackerOptions, TrackerSettings } from "./config.ts";
export { TrackerError, trackerErrors } from "./errors.ts";
export { OTHER } from "./labels.ts";
export { trackerLimits } from "./limits.ts";
export type { MetricsExport, MetricsExportHeader, WrittenMetricsExport } from "./metrics-export.ts";
export { Aggregation, MetricType } from "./model.ts";
export type {
  AgentSummary,
  MetricSummary,
  PerformanceSnapshot,
  Sample,
  SeriesPoints,
  SeriesQuery,
  TimeRange,
} from "./model.ts";
export { PerformanceTracker } from "./performance-tracker.ts";
export type { RecordRequest } from "./record-request.ts";
export { DistributionSketch } from "./sketch.ts";
export { RowMerger } from "./merge.ts";
export { groupOf } from "./grouped-minutes.ts";
export type {
  GroupedMinuteQuery,
  MergedRow,
  MergedSampleQuery,
  MinuteAggregate,
  MinuteQuery,
  Retention,
  SeriesPruneResult,
  SamplePage,
  SamplePlace,
  SampleQuery,
  SeriesStore,
  StoredMetric,
} from "./store.ts";
export type { Summaries, SummariesByQuery, SummaryQuery } from "./tracker-queries.ts";
export type { TrackerDependencies } from "./tracker-dependencies.ts";
export type { StoreRoom } from "./tracker-timers.ts";
export type { TrackerStatistics } from "./tracker-statistics.ts";
export { VolatileSeriesStore } from "./volatile-series-store.ts";
export type { VolatileSeriesStoreOptions } from "./volatile-series-store.ts";
