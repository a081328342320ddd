// What the dashboard asks of a tracker: PerformanceTracker has all of it.

import type { Telemetry } from "../core/index.ts";
import type {
  AgentSummary,
  PerformanceSnapshot,
  SeriesPoints,
  SeriesQuery,
  Summaries,
  SummaryQuery,
  TimeRange,
} from "../tracker/index.ts";
import type { MetricSource } from "./metric-watch.ts";

/** A tracker of metrics, as far as views, rules and measurements of alerts need one. */
export interface TrackerSource extends MetricSource {
  readonly namespace: string;
  /** Where alerts and health are measured. */
  readonly telemetry: Telemetry;
  agents(): readonly string[];
  getAgentPerformanceSummary(agentId: string, range?: TimeRange): Promise<AgentSummary>;
  getSummaries(query?: SummaryQuery): Promise<Summaries>;
  getSeries(query: SeriesQuery): Promise<SeriesPoints[]>;
  getMetricNames(): Promise<readonly { readonly metric: string; readonly agents: number }[]>;
  getPerformanceSnapshots(count?: number): Promise<PerformanceSnapshot[]>;
}
