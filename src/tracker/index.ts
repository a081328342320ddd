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
export type { MinuteAggregate, MinuteQuery, Retention, SampleQuery, SeriesStore } from "./store.ts";
