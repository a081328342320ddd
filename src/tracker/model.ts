// The shapes of the tracker. Instants are milliseconds since the Unix epoch.

import type { JsonObject, RecentStatistics, SeriesLabels } from "../core/index.ts";

/** Metrics with a known unit; any other name is a user's own metric. */
export const MetricType = {
  ResponseTime: "response_time",
  Throughput: "throughput",
  ErrorRate: "error_rate",
  MemoryUsage: "memory_usage",
  CpuUsage: "cpu_usage",
  NetworkLatency: "network_latency",
  AgentHealth: "agent_health",
  TaskCompletion: "task_completion",
  SystemLoad: "system_load",
} as const;
/** One of {@link MetricType}, or a user's own name (letters, digits, `_ . : -`). */
export type MetricType = (typeof MetricType)[keyof typeof MetricType] | (string & {});

/** One recorded value. */
export interface Sample {
  readonly metric: string;
  readonly value: number;
  readonly atMs: number;
  readonly agentId: string | null;
  /** Becomes the series' labels (bounded). */
  readonly context: JsonObject;
  /** Kept with the sample, never a label. */
  readonly metadata: JsonObject;
}

/** A range of time, from inclusive, to exclusive; absent ends are open. */
export interface TimeRange {
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** Statistics with percentiles (from sketches, 1% relative error). */
export interface MetricSummary extends RecentStatistics {
  readonly sum: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

/** Summaries of one agent by metric, with the range they really cover. */
export interface AgentSummary {
  readonly agentId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly metrics: Readonly<Record<string, MetricSummary>>;
}

/** A picture of the fleet's metrics at one instant. */
export interface PerformanceSnapshot {
  readonly id: string;
  readonly atMs: number;
  /** Length of the window the summaries cover, in milliseconds. */
  readonly windowMs: number;
  readonly agents: readonly string[];
  /** Summaries over all agents, by metric. */
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  readonly samples: number;
}

/** How to reduce a bucket of time to a number. */
export const Aggregation = {
  Avg: "avg",
  Min: "min",
  Max: "max",
  Sum: "sum",
  Count: "count",
  Last: "last",
  P50: "p50",
  P90: "p90",
  P95: "p95",
  P99: "p99",
} as const;
export type Aggregation = (typeof Aggregation)[keyof typeof Aggregation];

/** One line of a chart. */
export interface SeriesPoints {
  /**
   * Length of a bucket: the step asked for, or whole minutes where minutes answered (labels, long
   * ranges, what was recorded in batches or is too much to read one by one).
   */
  readonly stepMs: number;
  readonly agentId: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Bucket starts and values; buckets without samples are absent. */
  readonly points: readonly (readonly [atMs: number, value: number])[];
}

/** What a chart asks for. */
export interface SeriesQuery {
  readonly metric: string;
  readonly agentId?: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly aggregation: Aggregation;
  /** Only series with these labels; answered by the minute. */
  readonly labels?: SeriesLabels;
  /** One line per agent, per value of a label (`label:outcome`), or one over all. @default "none" */
  readonly groupBy?: "agent" | "none" | `label:${string}`;
}
